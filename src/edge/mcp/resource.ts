import { type ListResourcesResult, McpError, type ReadResourceResult } from '@modelcontextprotocol/sdk/types.js'
import { samples } from '../../core/blueprint/samples.ts'
import { MseError } from '../../kernel/error.ts'
import { isJsonObject, parseJson } from '../../kernel/json.ts'
import { nearestName } from '../../kernel/nearest.ts'
import { blueprintJsonSchema } from '../../protocol/blueprint.ts'
import type { MseClient } from '../client/client.ts'
import { fromAnswer, unreachable } from '../client/failure.ts'
import { guides, titleOf } from './guides.ts'
import { toolPage } from './tool-page.ts'

/** Something to read. Everything but the list of routes lies in the binary. */
interface Resource {
	readonly uri: string
	readonly name: string
	readonly description: string
	readonly mimeType: 'text/markdown' | 'application/json'
	readonly read: (server: () => MseClient) => Promise<string>
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
const page = (uri: string, name: string, description: string, read: Resource['read']): Resource => ({
	...{ uri, name, description, mimeType: 'text/markdown', read },
})
const document = (uri: string, name: string, description: string, read: () => unknown): Resource => ({
	...{ uri, name, description, mimeType: 'application/json', read: async () => pretty(read()) },
})

const resources: readonly Resource[] = [
	...guides.map((guide) => page(`mse://guides/${guide.name}`, guide.name, titleOf(guide), async () => guide.text)),
	page('mse://guides/mcp-tool-reference', 'mcp-tool-reference', 'Every tool with what it takes', async () => toolPage()),
	...samples.map((sample) => document(`mse://blueprints/samples/${sample.name}`, sample.name, sample.about, () => sample.document)),
	document('mse://api/blueprint-schema', 'blueprint-schema', 'The JSON Schema of Blueprints', blueprintJsonSchema),
	page('mse://api/mcp-tools', 'mcp-tools', 'Every tool with what it takes', async () => toolPage()),
	page('mse://api/http-endpoints', 'http-endpoints', 'Every HTTP route of the server that is running', (server) => endpointPage(server())),
]

export function listResources(): ListResourcesResult {
	return { resources: resources.map(({ uri, name, description, mimeType }) => ({ uri, name, description, mimeType })) }
}

/** The error of the protocol for a resource that is not there. */
const RESOURCE_NOT_FOUND = -32002

export async function readResource(uri: string, server: () => MseClient): Promise<ReadResourceResult> {
	const found = resources.find((resource) => resource.uri === uri)
	if (!found) {
		const uris = resources.map((resource) => resource.uri)
		throw new McpError(RESOURCE_NOT_FOUND, `There is no resource ${uri}.${nearestName(uri, uris)}`, { uri })
	}
	return { contents: [{ uri, mimeType: found.mimeType, text: await found.read(server) }] }
}

/** The routes as the server itself describes them. */
async function endpointPage({ url, headers, fetch }: MseClient): Promise<string> {
	const answer = await fetch(`${url}/swagger/json`, { headers }).catch((thrown) => {
		throw unreachable(url, thrown)
	})
	const described = parseJson(await answer.text())
	if (!answer.ok) throw fromAnswer(url, answer.status, described)
	if (!isJsonObject(described) || !isJsonObject(described.paths)) throw new MseError('internal', `${url} describes no routes.`)
	const rows = Object.entries(described.paths).flatMap(([path, methods]) =>
		Object.entries(isJsonObject(methods) ? methods : {}).map(([method, operation]) => {
			const summary = isJsonObject(operation) ? String(operation.summary ?? '') : ''
			return `| \`${method.toUpperCase()} ${path}\` | ${summary.replaceAll('|', '\\|')} |`
		}),
	)
	return `# HTTP routes of ${url}\n\nWith bodies, statuses and examples: ${url}/swagger\n\n| route | what it does |\n|---|---|\n${rows.join('\n')}\n`
}
