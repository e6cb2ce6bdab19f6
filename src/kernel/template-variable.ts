import { parse, tokenize } from '@huggingface/jinja'

/** Names that every template has. */
const BUILT_IN = [
	'true',
	'false',
	'none',
	'True',
	'False',
	'None',
	'loop',
	'range',
	'dict',
	'namespace',
	'debug',
	'lipsum',
	'self',
	'super',
]

/**
 * The variables a Jinja template wants from outside, in the order they appear; names it binds itself are left out. Undefined
 * when it cannot be told: the parser knows Jinja, not each extension of the engine that renders.
 */
export function templateVariables(source: string): string[] | undefined {
	const seen: Names = { used: new Set(), bound: new Set(BUILT_IN) }
	try {
		visit(parse(tokenize(source)), seen)
	} catch {
		return undefined
	}
	return [...seen.used].filter((name) => !seen.bound.has(name))
}

interface Names {
	readonly used: Set<string>
	readonly bound: Set<string>
}

/** Members of a node that hold names which are no variables. */
const NOT_VARIABLES: { readonly [type: string]: readonly string[] } = {
	TestExpression: ['test'],
	KeywordArgumentExpression: ['key'],
	BinaryExpression: ['operator'],
	UnaryExpression: ['operator'],
}

/** Members of a node that give a value to names. */
const BINDING: { readonly [type: string]: readonly string[] } = {
	For: ['loopvar'],
	Set: ['assignee'],
	Macro: ['name', 'args'],
	CallStatement: ['callerArgs'],
}

function visit(node: unknown, names: Names): void {
	if (Array.isArray(node)) for (const item of node) visit(item, names)
	else if (node instanceof Map) for (const entry of node) visit(entry, names)
	else if (isNode(node)) visitNode(node, names)
}

function visitNode(node: TemplateNode, names: Names): void {
	const { type } = node
	if (type === 'Identifier') return void names.used.add(String(node.value))
	const skipped = type === 'MemberExpression' && node.computed !== true ? ['property'] : (NOT_VARIABLES[type] ?? [])
	for (const [key, member] of Object.entries(node)) {
		if (skipped.includes(key)) continue
		if (BINDING[type]?.includes(key)) bind(member, names)
		else if (key === 'filter') visitFilter(member, names)
		else visit(member, names)
	}
}

/** `name` or `name(arguments)`: the name is the filter's, the arguments may be variables. */
function visitFilter(filter: unknown, names: Names): void {
	if (isNode(filter) && filter.type === 'CallExpression') visit(filter.args, names)
}

/** `name`, `(name, name)`, or a parameter with a default, which may itself use variables. */
function bind(target: unknown, names: Names): void {
	if (Array.isArray(target)) for (const item of target) bind(item, names)
	else if (!isNode(target)) return
	else if (target.type === 'Identifier') names.bound.add(String(target.value))
	else if (target.type === 'TupleLiteral') bind(target.value, names)
	else if (target.type === 'KeywordArgumentExpression') {
		bind(target.key, names)
		visit(target.value, names)
	} else visit(target, names)
}

interface TemplateNode {
	readonly type: string
	readonly [member: string]: unknown
}

function isNode(value: unknown): value is TemplateNode {
	return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
