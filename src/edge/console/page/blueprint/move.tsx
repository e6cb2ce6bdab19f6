import { useState } from 'react'
import { pathId } from '../../../client/client.ts'
import { useAction } from '../../live/query.ts'
import { useSetting } from '../../live/settings.ts'
import { Confirm } from '../../part/confirm.tsx'
import { Failure } from '../../part/shown.tsx'
import { To } from '../../part/to.tsx'

export interface RestoreButtonProps {
	readonly id: string
	readonly version: string
	/** It is restored only on top of this. */
	readonly head: string
}

/** Makes an earlier version the head again; where commits need an approval, asks for one and leads to it. */
export function RestoreButton({ id, version, head }: RestoreButtonProps) {
	const [author] = useSetting('name')
	const [asked, setAsked] = useState<number | null>(null)
	const restoring = useAction(async (client) => {
		const body = { version, expected_head: head, ...(author.trim() !== '' && { author: author.trim() }) }
		const answer = await client.answer(client.v1.blueprints(pathId(id)).restore.post(body))
		if ('approval_id' in answer) setAsked(answer.approval_id)
	})
	if (asked !== null)
		return (
			<p role="status">
				It waits for <To to={['approvals', String(asked)]}>approval #{asked}</To>.
			</p>
		)
	return (
		<>
			<Confirm
				label="Restore"
				title="Make this version the head again?"
				yes="Restore it"
				isBusy={restoring.isBusy}
				onYes={() => void restoring.start()}
			>
				<p>
					<code>{version.slice(0, 12)}</code> becomes a new commit of {id}. The versions in between stay.
				</p>
			</Confirm>
			<Failure error={restoring.error} />
		</>
	)
}

/** An archived Blueprint is kept with all its versions, and cannot be launched by its name. */
export function ArchiveButton({ id, isArchived }: { readonly id: string; readonly isArchived: boolean }) {
	const moving = useAction(async (client) => {
		const route = client.v1.blueprints(pathId(id))
		await client.answer(isArchived ? route.unarchive.post() : route.delete())
	})
	return (
		<>
			{isArchived ? (
				<button type="button" disabled={moving.isBusy} onClick={() => void moving.start()}>
					Unarchive
				</button>
			) : (
				<Confirm label="Archive" title={`Archive ${id}?`} yes="Archive it" isBusy={moving.isBusy} onYes={() => void moving.start()}>
					<p>It is no longer listed or launched by its name. Its versions and its runs stay, and it can be taken out again.</p>
				</Confirm>
			)}
			<Failure error={moving.error} />
		</>
	)
}
