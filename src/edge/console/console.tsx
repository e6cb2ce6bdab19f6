import { useMemo, useState, useSyncExternalStore } from 'react'
import { type Connection, ConnectionContext, openConnection } from './live/connection.ts'
import { SettingsContext } from './live/settings.ts'
import { Login } from './login.tsx'
import { Loading } from './part/shown.tsx'
import { Shell } from './shell.tsx'

const TOKEN = 'mse-token'

export interface ConsoleProps {
	/** The server's own address. */
	readonly origin: string
	/** Holds tokens for as long as the tab is open. */
	readonly memory: Storage
	/** Holds what a person likes to find again, such as the name they answer under. */
	readonly settings: Storage
}

/** The whole console: a server that answers 401 is asked again with the token that the person gives. */
export function Console({ origin, memory, settings }: ConsoleProps) {
	const [token, setToken] = useState(() => memory.getItem(TOKEN))
	const connection = useMemo(() => openConnection({ url: origin, token, memory }), [origin, token, memory])
	const keep = (next: string | null): void => {
		connection.close()
		if (next === null) memory.removeItem(TOKEN)
		else memory.setItem(TOKEN, next)
		setToken(next)
	}
	return (
		<ConnectionContext value={connection}>
			<SettingsContext value={settings}>
				<Gate connection={connection} token={token} onToken={keep} />
			</SettingsContext>
		</ConnectionContext>
	)
}

interface GateProps {
	readonly connection: Connection
	readonly token: string | null
	readonly onToken: (token: string | null) => void
}

function Gate({ connection, token, onToken }: GateProps) {
	const state = useSyncExternalStore(connection.live.onState, connection.live.state)
	// Whether the token is taken shows with the event stream, before anything else is asked for.
	if (state === 'connecting') return <Loading />
	if (state === 'refused') return <Login wasWrong={token !== null} onToken={onToken} />
	return <Shell onLeave={token === null ? null : () => onToken(null)} />
}
