/** From one thing back to the list of all of them; seen where there is no room for both. */
export function Back({ href, children }: { readonly href: string; readonly children: string }) {
	return (
		<a className="back" href={href}>
			{children}
		</a>
	)
}
