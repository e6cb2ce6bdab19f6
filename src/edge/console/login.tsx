import { type FormEvent, useState } from 'react'

export interface LoginProps {
	/** Whether a token was tried and refused. */
	readonly wasWrong: boolean
	readonly onToken: (token: string) => void
}

/** Asks for the admin token of a server that wants one. It is kept for this tab alone. */
export function Login({ wasWrong, onToken }: LoginProps) {
	const [token, setToken] = useState('')
	const submit = (event: FormEvent): void => {
		event.preventDefault()
		if (token.trim() !== '') onToken(token.trim())
	}
	return (
		<main className="login">
			<form onSubmit={submit} aria-labelledby="login-title">
				<h1 id="login-title">mse-server</h1>
				<p>This server wants its admin token.</p>
				{wasWrong && (
					<p className="failure" role="alert">
						That is not the token of this server.
					</p>
				)}
				<label className="field">
					<span>Admin token</span>
					<input
						type="password"
						autoComplete="current-password"
						// biome-ignore lint/a11y/noAutofocus: the page has nothing else
						autoFocus
						value={token}
						onChange={(event) => setToken(event.target.value)}
					/>
				</label>
				<button type="submit" className="primary" disabled={token.trim() === ''}>
					Open the console
				</button>
				<p className="hint">It is kept in this tab until you close it, and sent to this server only.</p>
			</form>
		</main>
	)
}
