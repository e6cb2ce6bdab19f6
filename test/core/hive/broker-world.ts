import { type Broker, newBroker } from '../../../src/core/hive/broker.ts'
import type { Message, MessageStore } from '../../../src/core/hive/message-store.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { SqliteEventStore } from '../../../src/store/sqlite/event/event-store.ts'
import { SqliteMessageStore } from '../../../src/store/sqlite/hive/message-store.ts'
import { fakeClock } from '../../support/fake-clock.ts'

/** The broker on a database in memory, with a clock that stands still. `over` replaces methods of the store. */
export function brokerWorld(over: (store: MessageStore) => Partial<MessageStore> = () => ({})) {
	const clock = fakeClock()
	const db = new SqliteDatabase({ path: ':memory:', clock })
	const store = new SqliteMessageStore(db)
	const events = new SqliteEventStore(db)
	const changed = over(store)
	const messages: MessageStore = {
		add: (draft) => (changed.add ?? store.add.bind(store))(draft),
		addOnce: (draft) => store.addOnce(draft),
		take: (to, except) => (changed.take ?? store.take.bind(store))(to, except),
		putBack: (id) => (changed.putBack ?? store.putBack.bind(store))(id),
		deliver: (id) => (changed.deliver ?? store.deliver.bind(store))(id),
		unread: (to) => store.unread(to),
		leaves: (id) => store.leaves(id),
		stays: (id) => store.stays(id),
		recover: () => store.recover(),
		dropDelivered: (before, limit) => store.dropDelivered(before, limit),
	}
	let listeners = 0
	const subscribe: SqliteEventStore['subscribe'] = (listener) => {
		const stop = events.subscribe(listener)
		listeners++
		return () => {
			listeners--
			stop()
		}
	}
	const broker = newBroker({
		...{ messages, events: { subscribe }, clock, log: silentLogger, maxBodyBytes: 100 },
		agents: { isManaged: (name) => ['alice', 'bob', 'stopped'].includes(name) },
	})
	return {
		...{ broker, clock, db, store },
		get listeners() {
			return listeners
		},
		send: (body: string, to = 'bob') => broker.send({ from: 'alice', to, body, via: 'agent-socket' }),
		lastEvent: () => db.query<{ kind: string }>('SELECT kind FROM event ORDER BY seq DESC LIMIT 1').get()?.kind,
		[Symbol.dispose]: () => db[Symbol.dispose](),
	}
}

/** Someone who receives. `arrives` says what becomes of a message that is handed over. */
export function receive(
	broker: Broker,
	owner: string,
	patienceMs: number,
	arrives: (message: Message) => boolean | Promise<boolean> = () => true,
) {
	const leaving = new AbortController()
	const got: string[] = []
	const handOver = (message: Message): boolean | Promise<boolean> => {
		got.push(message.body)
		return arrives(message)
	}
	const received = broker.receive(owner, { patienceMs, signal: leaving.signal, handOver })
	return { received, got, leave: () => leaving.abort() }
}
