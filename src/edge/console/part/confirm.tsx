import { type ReactNode, useEffect, useRef, useState } from 'react'

export interface ConfirmProps {
	/** What stands on the button. */
	readonly text: string
	readonly question: string
	readonly yes: string
	readonly isBusy?: boolean
	readonly onYes: () => void
	/** More to decide. */
	readonly children?: ReactNode
}

/** A button that asks before it does what cannot be taken back. Escape, or the other answer, leaves everything as it is. */
export function Confirm({ text, question, yes, isBusy = false, onYes, children }: ConfirmProps) {
	const [isAsking, setAsking] = useState(false)
	const opener = useRef<HTMLButtonElement>(null)
	const close = (): void => {
		setAsking(false)
		opener.current?.focus()
	}
	const agree = (): void => {
		close()
		onYes()
	}
	return (
		<>
			<button ref={opener} type="button" className="danger" disabled={isBusy} aria-expanded={isAsking} onClick={() => setAsking(!isAsking)}>
				{text}
			</button>
			{isAsking && (
				<Question question={question} yes={yes} onYes={agree} onNo={close}>
					{children}
				</Question>
			)}
		</>
	)
}

interface QuestionProps extends Pick<ConfirmProps, 'question' | 'yes' | 'onYes' | 'children'> {
	readonly onNo: () => void
}

/** The focus begins at the answer that changes nothing. */
function Question({ question, yes, onYes, onNo, children }: QuestionProps) {
	const no = useRef<HTMLButtonElement>(null)
	useEffect(() => {
		no.current?.focus()
	}, [])
	return (
		<dialog
			open
			className="confirm"
			aria-label={question}
			onKeyDown={(event) => {
				if (event.key === 'Escape') onNo()
			}}
		>
			<p>{question}</p>
			{children}
			<div className="actions">
				<button type="button" className="danger" onClick={onYes}>
					{yes}
				</button>
				<button ref={no} type="button" onClick={onNo}>
					Leave it
				</button>
			</div>
		</dialog>
	)
}
