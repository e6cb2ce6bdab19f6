import { type ReactNode, useId, useRef } from 'react'

export interface ConfirmProps {
	/** What the button says, which opens the question. */
	readonly label: string
	readonly title: string
	/** What the button says that does it. */
	readonly yes: string
	readonly tone?: 'danger' | 'plain'
	readonly isBusy?: boolean
	readonly onYes: () => void
	/** What will happen; may hold fields. */
	readonly children: ReactNode
}

/** A button that asks before it acts. Escape and the other button leave everything as it is. */
export function Confirm({ label, title, yes, tone = 'plain', isBusy = false, onYes, children }: ConfirmProps) {
	const dialog = useRef<HTMLDialogElement>(null)
	const id = useId()
	const close = (): void => dialog.current?.close()
	return (
		<>
			<button
				type="button"
				className={tone === 'danger' ? 'danger' : undefined}
				disabled={isBusy}
				onClick={() => dialog.current?.showModal()}
			>
				{label}
			</button>
			<dialog ref={dialog} aria-labelledby={id}>
				<form
					method="dialog"
					onSubmit={(event) => {
						event.preventDefault()
						close()
						onYes()
					}}
				>
					<h2 id={id}>{title}</h2>
					<div className="dialog-text">{children}</div>
					<div className="actions">
						<button type="submit" className={tone === 'danger' ? 'danger' : 'primary'}>
							{yes}
						</button>
						<button type="button" onClick={close}>
							Leave it
						</button>
					</div>
				</form>
			</dialog>
		</>
	)
}
