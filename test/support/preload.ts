// A clean run is part of passing: an unhandled rejection anywhere fails the test run.
process.on('unhandledRejection', (reason) => {
	throw reason
})
