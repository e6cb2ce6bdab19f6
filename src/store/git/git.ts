/** isomorphic-git, loaded with its first use: most servers never see a proposal, and start sooner without it. */
export const loadGit = (): Promise<typeof import('isomorphic-git')> => import('isomorphic-git')
