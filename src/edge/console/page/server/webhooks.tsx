import { useState } from 'react'
import type { WebhookRetried, WebhookView } from '../../../../protocol/webhook.ts'
import { pathName } from '../../../client/client.ts'
import { useAction, useQuery } from '../../live/query.ts'
import { Facts } from '../../part/facts.tsx'
import { PageHead } from '../../part/page-head.tsx'
import { Failure, Nothing, Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { Deadline, When } from '../../part/time.tsx'
import { inOrder, lastError, webhookWord } from '../../view/webhook.ts'

/** Addresses that are told of events. Any event may move one, and nothing in the log says that it did. */
export function WebhooksPage() {
	const query = useQuery(
		'webhooks',
		(client) => client.answer(client.v1.webhooks.get()),
		() => true,
	)
	return (
		<section className="split-list" aria-label="Webhooks">
			<PageHead title="Webhooks" about="Addresses that are told of events, each until it takes them.">
				<button type="button" onClick={query.refresh}>
					Read again
				</button>
			</PageHead>
			<Shown query={query}>
				{({ webhooks }) => (
					<>
						{webhooks.length === 0 && (
							<Nothing title="Nobody is told.">
								Add a table <code>[webhook.NAME]</code> with <code>url</code> and <code>secret_env</code> to the config file.
							</Nothing>
						)}
						<ul className="cards">
							{inOrder(webhooks).map((webhook) => (
								<Webhook key={webhook.name} webhook={webhook} onDone={query.refresh} />
							))}
						</ul>
					</>
				)}
			</Shown>
		</section>
	)
}

function Webhook({ webhook, onDone }: { readonly webhook: WebhookView; readonly onDone: () => void }) {
	const { name, url, kinds, delivered, cursor, trying, undelivered, undelivered_total } = webhook
	const error = lastError(webhook)
	return (
		<li className="panel form">
			<header className="detail-head">
				<h2>{name}</h2>
				<Status word={webhookWord(webhook)} />
			</header>
			<code className="id">{url}</code>
			{error !== null && <p className="trouble">{error}</p>}
			<Facts
				facts={[
					['Told of', kinds.length === 0 ? 'everything' : kinds.join(', ')],
					['Delivered', <span className="number">{delivered}</span>],
					['Up to event', <span className="number">#{cursor}</span>],
					['Tries again', trying !== null && <Deadline at={trying.next_at} />],
					['Tries of event', trying !== null && <span className="number">{`#${trying.event_seq}: ${trying.attempts}`}</span>],
					['Given up', undelivered_total > 0 && <span className="number">{undelivered_total}</span>],
				]}
			/>
			{undelivered.length > 0 && <Undelivered events={undelivered} name={name} onDone={onDone} />}
		</li>
	)
}

interface UndeliveredProps {
	readonly events: WebhookView['undelivered']
	readonly name: string
	readonly onDone: () => void
}

function Undelivered({ events, name, onDone }: UndeliveredProps) {
	const [done, setDone] = useState<WebhookRetried | null>(null)
	const retrying = useAction(async (client) => {
		setDone(await client.answer(client.v1.webhooks(pathName(name)).retry.post()))
		onDone()
	})
	return (
		<>
			<details>
				<summary>What was given up, the newest {events.length}</summary>
				<ul className="rows">
					{events.map(({ event_seq, kind, attempts, error, at }) => (
						<li key={event_seq}>
							<span className="grows">
								<strong>{kind}</strong> <span className="number">#{event_seq}</span>
								<span className="check-detail">{error}</span>
							</span>
							<span className="hint">
								{attempts} tries, <When at={at} />
							</span>
						</li>
					))}
				</ul>
			</details>
			<div className="actions">
				<button type="button" disabled={retrying.isBusy} onClick={() => void retrying.start()}>
					Deliver them now
				</button>
			</div>
			{done !== null && (
				<p role="status">
					{done.delivered} delivered, {done.left} left{done.error !== undefined && `: ${done.error}`}
				</p>
			)}
			<Failure error={retrying.error} />
		</>
	)
}
