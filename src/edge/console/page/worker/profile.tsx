import { useConnection } from '../../live/connection.ts'
import { type Query, useAction, useQuery } from '../../live/query.ts'
import { LineForm } from '../../part/line-form.tsx'

/** The profiles that workers can be run with, and whether they can. */
export function useProfiles() {
	return useQuery(
		'workers/profiles',
		(client) => client.answer(client.v1.runtime.get()),
		({ kind }) => kind.startsWith('session.') || kind.startsWith('hive.'),
	)
}

/** The runtime has a token of its own, and was asked without it. */
export const wantsToken = ({ error }: Query<unknown>): boolean => error?.code === 'unauthorized'

/** Asks for that token; `onDone` is called once it was taken. It is kept for this tab alone. */
export function RuntimeToken({ onDone }: { readonly onDone: () => void }) {
	const { keepRuntimeToken } = useConnection()
	const trying = useAction<string>(async (client, token) => {
		keepRuntimeToken(token)
		await client.answer(client.v1.runtime.get())
	})
	return (
		<LineForm
			label="Token of the runtime"
			button="Show the workers"
			hint="It is runtime.local_token of the server's settings, and kept in this tab until you close it."
			acting={trying}
			onDone={onDone}
			isSecret
		/>
	)
}
