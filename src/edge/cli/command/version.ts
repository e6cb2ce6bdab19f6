import { API_VERSION, API_VERSIONS, FEATURES, VERSION } from '../../../kernel/version.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { isOn } from '../flag.ts'
import { printJson } from '../print.ts'

export const versionCommand: Command = {
	name: 'version',
	summary: 'Say which version this is',
	usage: '[--json]',
	positionals: 0,
	flags: [{ name: 'json', placeholder: null, doc: 'print {name, version, api_version, api_versions, features, bun, platform}' }],
	async run(invocation) {
		if (isOn(invocation.flags, 'json')) printJson(invocation, describeBuild())
		else invocation.out(`mse-server ${VERSION}\n`)
		return EXIT.done
	},
}

function describeBuild(): Record<string, unknown> {
	const platform = `${process.platform}-${process.arch}`
	return {
		name: 'mse-server',
		version: VERSION,
		api_version: API_VERSION,
		api_versions: API_VERSIONS,
		features: FEATURES,
		bun: Bun.version,
		platform,
	}
}
