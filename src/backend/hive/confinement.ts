import type { CagedAgent } from '../../core/hive/cage.ts'
import { MseError } from '../../kernel/error.ts'
import { bwrapArgv } from './bwrap.ts'

/** Whether programs of the process cage are kept apart from one another. */
export type Confinement = 'none' | 'bwrap'

/** Programs of this machine, by name. */
export interface Tools {
	/** The absolute path; null when there is none. */
	find(program: string): string | null
}

/** What is to be started for an agent: its own argv behind what confines it. Throws `malformed` for what cannot be kept. */
export function confined(
	agent: CagedAgent,
	{ sandbox, tools }: { readonly sandbox: Confinement; readonly tools: Tools },
): { argv: readonly string[]; cwd: string | undefined } {
	const { argv, cwd, image, mounts } = agent
	const [program] = argv
	if (program === undefined) throw refused('argv is empty: name the program that the agent is to run')
	if (image !== undefined) throw refused('image means nothing to the process backend: use podman, docker or nspawn')
	const limits = limitArgv(agent, tools)
	if (sandbox === 'none') {
		if (mounts.length > 0) throw refused('mounts need sandbox = "bwrap" or a container backend')
		return { argv: [...limits, ...argv], cwd }
	}
	const bwrap = tools.find('bwrap')
	if (bwrap === null)
		throw new MseError('unavailable', 'sandbox is "bwrap" and there is no bwrap on the PATH', {
			code: 'no_sandbox',
			hint: 'Install bubblewrap, or set sandbox = "none" if agents may see one another.',
		})
	// In the sandbox the working folder is one of its own.
	return { argv: [...limits, ...bwrapArgv(bwrap, agent, tools.find(program) ?? program)], cwd: undefined }
}

/** `prlimit` in front of the program, which takes its place. */
function limitArgv({ limits: { cpu, memory, pids }, uid }: CagedAgent, tools: Tools): readonly string[] {
	if (cpu !== undefined) throw refused('limits.cpu needs a container backend')
	if (pids !== undefined && uid === null)
		throw refused('limits.pids needs hive.agent_uid_base or a container backend: it counts for a user')
	if (memory === undefined && pids === undefined) return []
	const prlimit = tools.find('prlimit')
	if (prlimit === null) throw refused('limits need the program prlimit (util-linux), which is not on the PATH')
	return [
		prlimit,
		...(memory === undefined ? [] : [`--data=${memory}`]),
		...(pids === undefined ? [] : [`--nproc=${pids}`]),
		// What follows is the program, whatever it begins with.
		'--',
	]
}

function refused(why: string): MseError {
	return new MseError('malformed', why, { code: 'spec_refused' })
}
