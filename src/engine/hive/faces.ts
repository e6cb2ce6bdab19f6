import { mintCredentials } from '../../core/access/credential.ts'
import type { AttemptStore } from '../../core/dispatch/attempt-store.ts'
import type { Correspondents } from '../../core/hive/agent-face.ts'
import type { HiveAgents } from '../../core/hive/agents.ts'
import type { HiveBridge } from '../../core/hive/bridge.ts'
import { acknowledge } from '../../core/operator/acknowledge.ts'
import type { OperatorHub } from '../../core/operator/hub.ts'
import { fromInboxBody } from '../../core/operator/inbox-frame.ts'
import type { OperatorStore } from '../../core/operator/store.ts'
import { handleFace } from '../../core/output/handle-face.ts'
import type { WorkerFace } from '../../core/output/worker-face.ts'
import type { Json } from '../../kernel/json.ts'
import type { EngineOptions } from '../option.ts'

interface FacesDeps extends Pick<EngineOptions, 'config' | 'clock'> {
	readonly hive: { readonly agents: HiveAgents | null }
	readonly hub: OperatorHub
	readonly operatorStore: OperatorStore
	readonly attempts: AttemptStore
	readonly face: WorkerFace
	readonly secret: Uint8Array
	/** Of the worker runtime. */
	readonly workers: { readonly ofHive: Correspondents | undefined }
}

/** What agents of the hive are besides correspondents of one another: operators, workers of attempts, and workers of the runtime. */
export interface HiveFaces {
	readonly bridge: HiveBridge
	/** Puts the credentials into a request that comes out of an inbox. */
	complete(body: string): string
	readonly others: Correspondents | undefined
}

/** An agent that works on a step does what an operator and a worker do over HTTP, through its socket. */
export function hiveFaces({ config, clock, hive, hub, operatorStore, attempts, face, secret, workers }: FacesDeps): HiveFaces {
	const work = handleFace(face, { attempts, secret, clock })
	const ttlSecs = config.workerTokenTtlSecs
	return {
		bridge: {
			acknowledge: (owner, ack) => acknowledge({ hub, requests: operatorStore }, owner, ack),
			prompt: async (handle) => (await work.prompt(handle)) as Json,
			submit: (submitted) => work.submit(submitted),
			emit: (emitted) => work.emit(emitted),
			read: async (handle, key) => (await work.read(handle, key)) as Json,
			async state(owner) {
				const record = (await hive.agents?.records())?.find(({ name }) => name === owner)
				return { paused: record?.paused ?? false }
			},
		},
		complete: (body) => fromInboxBody(body, (attempt) => mintCredentials(secret, { ...attempt, now: clock.now(), ttlSecs })),
		others: workers.ofHive,
	}
}
