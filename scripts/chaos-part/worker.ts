import { callUntilAnswered } from '../../test/e2e/support/api.ts'
import { fetchPrompt, obey, type Reply, type SpawnFrame } from '../../test/e2e/support/operator.ts'
import type { ClientJournal } from './journal.ts'

/** A worker over HTTP that leaves a part, some data and an answer, noting each once it is acknowledged. */
export function notingWorker(url: string, { note }: ClientJournal) {
	return async (frame: SpawnFrame): Promise<Reply> => {
		const told = await fetchPrompt(url, frame)
		if (told) await work(url, note, frame, obey(told))
		return { type: 'spawn_ack', value: {}, ok: true }
	}
}

/** An attempt that has ended meanwhile, because an answer that never came back did it, says 410. */
async function work(url: string, note: ClientJournal['note'], frame: SpawnFrame, text: string): Promise<void> {
	const { task_id: step, attempt, worker_handle: bearer = '', capability_token: token } = frame
	const value = `data of ${text}`
	const event = { type: 'artifact', name: 'found', content: { kind: 'inline', value } }
	const json = { task_id: step, attempt, producer_agent: frame.agent, event, parent_refs: [] }
	const data = await callUntilAnswered<{ out_id: string }>('POST', `${url}/v1/data/emit`, { bearer: token, json })
	if (isDone(data.status, 'data')) note({ kind: 'data', id: data.body.out_id, step, value })
	const part = await callUntilAnswered('POST', `${url}/v1/worker/artifact?name=note`, { bearer, text: `note of ${text}` })
	if (isDone(part.status, 'artifact')) note({ kind: 'artifact', step, attempt, name: 'note', text: `note of ${text}` })
	const final = await callUntilAnswered('POST', `${url}/v1/worker/submit`, { bearer, text })
	if (isDone(final.status, 'submit')) note({ kind: 'submit', step, attempt, text })
}

function isDone(status: number, what: string): boolean {
	if (status >= 200 && status < 300) return true
	if (status === 410) return false
	throw new Error(`${what} was answered with ${status}`)
}
