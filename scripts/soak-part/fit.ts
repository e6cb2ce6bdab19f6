/** The slope of the line through the points, by least squares. */
export function slopeOf(points: readonly { readonly x: number; readonly y: number }[]): number {
	const mean = (pick: (point: { x: number; y: number }) => number): number =>
		points.reduce((sum, point) => sum + pick(point), 0) / points.length
	const [x, y] = [mean((point) => point.x), mean((point) => point.y)]
	const spread = points.reduce((sum, point) => sum + (point.x - x) ** 2, 0)
	return spread === 0 ? 0 : points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / spread
}
