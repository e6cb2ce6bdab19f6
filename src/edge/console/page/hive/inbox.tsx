import { useState } from 'react'
import type { HiveInbox } from '../../../../protocol/hive-http.ts'
import { pathName } from '../../../client/client.ts'
import { useAction, useQuery } from '../../live/query.ts'
import { Back } from '../../part/back.tsx'
import { PageSizeHint } from '../../part/page-size-hint.tsx'
import { Failure, Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { Age } from '../../part/time.tsx'
import { To } from '../../part/to.tsx'
import { hrefOf } from '../../view/address.ts'

const OPERATOR = 'operator'
const SHOWN = 50

type Message = HiveInbox['messages'][number]

/** The newest messages of an inbox; looking at them delivers none. */
function useInbox(name: string, delivered: boolean) {
	return useQuery(
		`hive/${name}/inbox/${delivered}`,
		(client) => client.answer(client.v1.hive.agents(pathName(name)).inbox.get({ query: { newest: true, delivered, limit: SHOWN } })),
		({ kind, data: { to } }) => kind.startsWith('message.') && to === name,
	)
}

/** What was written to an agent. */
export function AgentInbox({ name }: { readonly name: string }) {
	const [isWhole, setWhole] = useState(true)
	const query = useInbox(name, isWhole)
	return (
		<section>
			<div className="section-head">
				<h3>Inbox</h3>
				<label className="flag">
					<input type="checkbox" checked={isWhole} onChange={(event) => setWhole(event.target.checked)} />
					Read ones too
				</label>
			</div>
			<Shown query={query}>{(inbox) => <Messages inbox={inbox} />}</Shown>
		</section>
	)
}

/** What agents write to the person; taking it as read is for everybody who looks. */
export function OperatorInbox() {
	const query = useInbox(OPERATOR, true)
	const unread = query.data?.messages.filter(({ delivered_at }) => delivered_at === null) ?? []
	const reading = useAction(async (client) => {
		for (const { id } of unread) await client.answer(client.v1.hive.inbox({ id }).read.post(undefined))
	})
	return (
		<article className="detail">
			<Back href={hrefOf(['hive'])}>All agents</Back>
			<header className="detail-head">
				<h2>Your inbox</h2>
				{unread.length > 0 && (
					<button type="button" disabled={reading.isBusy} onClick={() => reading.start()}>
						Mark all as read
					</button>
				)}
			</header>
			<Failure error={reading.error} />
			<Shown query={query}>{(inbox) => <Messages inbox={inbox} />}</Shown>
		</article>
	)
}

function Messages({ inbox }: { readonly inbox: HiveInbox }) {
	const { messages } = inbox
	if (messages.length === 0) return <p className="hint">There is no message.</p>
	return (
		<>
			<ol className="messages">
				{messages.map((message) => (
					<MessageItem key={message.id} message={message} />
				))}
			</ol>
			<PageSizeHint isFull={inbox.next !== null} what="messages" count={messages.length} />
		</>
	)
}

function MessageItem({ message: { from, body, sent_at, delivered_at } }: { readonly message: Message }) {
	return (
		<li className="message" data-unread={delivered_at === null || undefined}>
			<p className="message-head">
				<Sender name={from} />
				<span className="hint">
					<Age at={sent_at} /> ago
				</span>
				{delivered_at === null && <Status word="unread" tone="waits" />}
			</p>
			<pre>{body}</pre>
		</li>
	)
}

/** The hive itself and the person have no page. */
function Sender({ name }: { readonly name: string }) {
	if (name === OPERATOR || name === 'system') return <strong>{name === OPERATOR ? 'you' : name}</strong>
	return (
		<strong>
			<To to={['hive', name]}>{name}</To>
		</strong>
	)
}
