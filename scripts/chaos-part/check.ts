import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../../src/protocol/event.ts'
import { readLog } from '../../test/e2e/support/event-reader.ts'
import { faultsOfChildren, faultsOfOperator, faultsOfRuns } from '../../test/e2e/support/history.ts'
import type { Asked } from '../../test/e2e/support/operator.ts'
import type { TestServer } from '../../test/e2e/support/server.ts'
import type { ClientJournal, Fact } from './journal.ts'
import type { Fault, Report } from './report.ts'
import { openStoreView, type StoreView } from './store-view.ts'

export interface History {
	/** Runs, and listens. It is stopped. */
	readonly server: TestServer
	readonly journal: ClientJournal
	/** What the operator was asked, in its own memory. */
	readonly asked: readonly Asked[]
	/** Where the children left their journals. */
	readonly place: string
}

/** Compares what clients saw acknowledged with the log and the store as they are in the end. */
export async function checkHistory({ server, journal, asked, place }: History): Promise<Pick<Report, 'facts' | 'runs' | 'faults'>> {
	const facts = journal.read()
	const log = await readLog(server.url)
	const code = await server.kill('SIGTERM')
	using store = openStoreView(server.dataDir)
	const faults: Fault[] = [
		{
			name: 'lost',
			found: [
				...lostFacts(facts, log, store),
				...asked.flatMap((request) => (store.hasEnded(request.frame.req_id) ? [] : [unknown(request)])),
			],
		},
		{
			name: 'repeated',
			found: [
				...faultsOfRuns(log),
				...faultsOfChildren(childJournals(place), log),
				...faultsOfOperator(asked),
				...launchedTwice(facts, store.runCount()),
			],
		},
		{
			name: 'stuck',
			found: [
				...store.unfinished(),
				...store.waiting(),
				...asked.flatMap(withoutReceipt),
				...(code === 0 ? [] : [`the server ended with ${code} when it was to stop`]),
			],
		},
		{ name: 'wrong', found: facts.flatMap((fact) => [...wrongOutcome(fact, store), ...wrongGrant(fact, store)]) },
	]
	return { facts: count(facts.map(({ kind }) => kind)), runs: store.runCount(), faults }
}

/** Every launch is repeated under its key until it is answered, so there are as many runs as answers. */
function launchedTwice(facts: readonly Fact[], runs: number): string[] {
	const answered = new Set(facts.flatMap((fact) => (fact.kind === 'launch' ? [fact.run] : []))).size
	return runs > answered ? [`${runs} runs were made by ${answered} launches`] : []
}

/** What was acknowledged and is not there, each fact as it stands in the journal. */
export function lostFacts(facts: readonly Fact[], log: readonly Event[], store: StoreView): string[] {
	const texts = new Map(log.map((event) => [event.seq, JSON.stringify(event)]))
	return facts.flatMap((fact) => (isKept(fact, texts, store) ? [] : [JSON.stringify(fact).slice(0, 300)]))
}

function isKept(fact: Fact, log: ReadonlyMap<number, string>, store: StoreView): boolean {
	switch (fact.kind) {
		case 'launch':
			return store.run(fact.run)?.task_id === fact.task
		case 'ended': {
			const run = store.run(fact.run)
			return run?.status === fact.status && Bun.deepEquals(run.result, fact.result)
		}
		case 'cancel':
			return store.run(fact.run)?.status === 'cancelled'
		case 'submit':
			return store.tail(fact.step, fact.attempt).some((event) => event.type === 'final' && contentOf(event) === fact.text)
		case 'artifact': {
			const isIt = (event: TailEvent): boolean => event.type === 'artifact' && event.name === fact.name && contentOf(event) === fact.text
			return store.tail(fact.step, fact.attempt).some(isIt)
		}
		case 'data':
			return Bun.deepEquals(contentOf(store.data(fact.id)), fact.value)
		case 'receipt':
			return store.hasEnded(fact.request)
		case 'join':
			return store.hasSession(fact.sid)
		case 'commit':
			return store.hasCommit(fact.id, fact.version)
		case 'approve':
			return store.approvalStatus(fact.approval) === 'approved'
		case 'event':
			return log.get(fact.seq) === fact.text
	}
}

/** A request is on disk before its frame leaves, and ends with its run at the latest. */
const unknown = ({ frame, reply, received }: Asked): string =>
	`${frame.req_id} of ${frame.task_id} came, ${reply ? 'was answered' : 'was not answered'}${received ? ' and receipted' : ''}, and has no end in the store`

const withoutReceipt = ({ frame, reply, received }: Asked): string[] =>
	reply && !received ? [`the reply to ${frame.req_id} was never receipted`] : []

type TailEvent = ReturnType<StoreView['tail']>[number]

const contentOf = (event: TailEvent | null): unknown => event?.content?.value

/** A run does what its flow says, however often the server died. One that is still open is stuck, and no more than that. */
function wrongOutcome(fact: Fact, store: StoreView): string[] {
	if (fact.kind !== 'launch') return []
	const run = store.run(fact.run)
	if (!run || ['pending', 'running', 'interrupted'].includes(run.status)) return []
	const isRight = fact.expected === null ? run.status === 'cancelled' : run.status === 'done' && Bun.deepEquals(run.result, fact.expected)
	return isRight ? [] : [`${fact.run} (${fact.load}) is ${run.status} with ${JSON.stringify(run.result)?.slice(0, 300)}`]
}

/** What was granted is done, once. */
function wrongGrant(fact: Fact, store: StoreView): string[] {
	if (fact.kind !== 'approve' || fact.run === null || fact.step === null || store.run(fact.run)?.status !== 'done') return []
	const times = store.finished(fact.step)
	return times === 1 ? [] : [`${fact.step} was granted by approval ${fact.approval} and done ${times} times`]
}

function childJournals(place: string): string {
	return readdirSync(place)
		.map((name) => join(place, name, 'journal'))
		.flatMap((file) => (Bun.file(file).size > 0 ? [readFileSync(file, 'utf8')] : []))
		.join('')
}

function count(kinds: readonly string[]): ReadonlyMap<string, number> {
	return new Map([...Map.groupBy(kinds, (kind) => kind)].map(([kind, all]) => [kind, all.length]))
}
