import { Component, type ReactNode, useEffect, useRef, useSyncExternalStore } from 'react'
import { failureOf, useConnection } from './live/connection.ts'
import type { LiveState } from './live/live.ts'
import { useQuery } from './live/query.ts'
import { type Page, pages } from './page-table.tsx'
import { Failure, Nothing } from './part/shown.tsx'
import { To } from './part/to.tsx'
import { useRoute } from './route.ts'
import type { Route } from './view/address.ts'

/** The frame around every page: where one can go, whether what is shown is live, and the page of the address. */
export function Shell({ onLeave }: { readonly onLeave: (() => void) | null }) {
	const route = useRoute()
	const page = pageOf(route)
	return (
		<div className="shell">
			<button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
				Skip to the page
			</button>
			<aside className="side">
				<p className="brand">
					<To to={[]}>
						mse<span>-server</span>
					</To>
				</p>
				<Navigation here={page} />
				<footer className="side-foot">
					<Liveness />
					<Version />
					<a className="hint" href="/swagger">
						HTTP API
					</a>
					{onLeave !== null && (
						<button type="button" className="quiet" onClick={onLeave}>
							Forget the token
						</button>
					)}
				</footer>
			</aside>
			<main id="main" tabIndex={-1}>
				<Caught key={page?.noun}>{page ? <page.Page route={route} /> : <Nothing title="There is no such page." />}</Caught>
			</main>
		</div>
	)
}

const pageOf = ({ noun }: Route): Page | undefined => (noun === '' ? pages[0] : pages.find((page) => page.noun === noun))

function Navigation({ here }: { readonly here: Page | undefined }) {
	const groups = [...new Set(pages.map(({ group }) => group))]
	const nav = useRef<HTMLElement>(null)
	// On a narrow screen the pages are in one line that scrolls.
	useEffect(() => {
		if (here) nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
	}, [here])
	return (
		<nav ref={nav} aria-label="Pages">
			{groups.map((group) => (
				<ul key={group} aria-label={group}>
					{pages
						.filter((page) => page.group === group)
						.map(({ noun, title, Count }) => (
							<li key={noun}>
								<To to={[noun]} isHere={noun === here?.noun}>
									<span>{title}</span>
									{Count && <Count />}
								</To>
							</li>
						))}
				</ul>
			))}
		</nav>
	)
}

const LIVENESS: { readonly [S in LiveState]: string } = {
	connecting: 'Connecting…',
	live: 'Live',
	reconnecting: 'Reconnecting…',
	asleep: 'Asleep',
	refused: 'Token wanted',
}

function Liveness() {
	const { live } = useConnection()
	const state = useSyncExternalStore(live.onState, live.state)
	return (
		<p className="liveness" data-state={state} role="status">
			{LIVENESS[state]}
			{state === 'reconnecting' && <span className="hint"> What you see may be old.</span>}
		</p>
	)
}

function Version() {
	const { data } = useQuery('version', (client) => client.answer(client.v1.version.get()), nothingTouches)
	return <p className="hint number">{data ? `version ${data.version}` : ' '}</p>
}

const nothingTouches = (): boolean => false

/** A page that cannot be drawn says so, and leaves the others alone. */
class Caught extends Component<{ readonly children: ReactNode }, { readonly thrown: unknown }> {
	override state = { thrown: null }

	static getDerivedStateFromError(thrown: unknown) {
		return { thrown }
	}

	override render() {
		return this.state.thrown === null ? this.props.children : <Failure error={failureOf(this.state.thrown)} />
	}
}
