import { readFileSync } from 'node:fs'
import * as glue from 'minijinja-js/dist/bundler/minijinja_js_bg.js'
import wasmPath from 'minijinja-js/dist/bundler/minijinja_js_bg.wasm' with { type: 'file' }
import { messageOf } from './error.ts'
import { asText, isJsonObject, type Json, type JsonObject, parseJson } from './json.ts'

/** Steps of the engine one render may take; about 0.2 s. */
const FUEL = 10_000_000

/** What the package's glue is bound to, from the first render on, which takes 20 ms longer. The glue is one for the whole process, and so is this. */
const engine: { memory?: WebAssembly.Memory } = {}

/**
 * Renders a Jinja template (minijinja, as mlua-swarm 0.1.0 does): no HTML escaping, and touching a missing variable fails.
 * Throws an Error `template render failed: <detail>`.
 */
export function renderTemplate(source: string, slots: JsonObject): string {
	if (!engine.memory) reload()
	const environment = new glue.Environment()
	try {
		environment.undefinedBehavior = 'strict'
		environment.fuel = FUEL
		const text = environment.renderStr(source, slots)
		environment.free()
		return text
	} catch (thrown) {
		discard(environment)
		if (isTrap(thrown)) reload()
		throw new Error(`template render failed: ${detailOf(thrown)}`)
	}
}

/** What keeps a template from being read at all, `template syntax error: <detail>`; null when nothing does. */
export function templateSyntaxError(source: string): string | null {
	if (!engine.memory) reload()
	const environment = new glue.Environment()
	try {
		environment.addTemplate('template', source)
		environment.free()
		return null
	} catch (thrown) {
		discard(environment)
		if (isTrap(thrown)) reload()
		return `template syntax error: ${detailOf(thrown)}`
	}
}

/** The variables a prompt gives: the members of an object or of an object's JSON text, else the whole text as `directive`. */
export function promptSlots(prompt: Json): JsonObject {
	const value = typeof prompt === 'string' ? parseJson(prompt) : prompt
	return isJsonObject(value) ? value : { directive: asText(prompt) }
}

/** An exhausted stack or memory. It leaves the engine broken for every later render. */
function isTrap(thrown: unknown): boolean {
	return thrown instanceof WebAssembly.RuntimeError || thrown instanceof RangeError
}

function detailOf(thrown: unknown): string {
	if (isTrap(thrown)) return 'the template or its values are too large or too deeply nested'
	// The first line says what is wrong and where; the rest is a drawing of the source.
	return messageOf(thrown).split('\n', 1)[0] ?? ''
}

/** Must come before a reload: an environment left to the garbage collector would be freed inside the new engine. */
function discard(environment: glue.Environment): void {
	try {
		environment.free()
	} catch {
		// After a trap the engine refuses, and the glue has forgotten the environment all the same.
	}
}

function reload(): void {
	const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasmPath)), { './minijinja_js_bg.js': { ...glue } })
	glue.__wbg_set_wasm(exports)
	// The glue keeps views of the memory it knew and looks again only when they are detached, which growing by nothing does.
	engine.memory?.grow(0)
	if (exports.memory instanceof WebAssembly.Memory) engine.memory = exports.memory
}
