/** A condition on rows of `request`: its id is the first parameter. The index has only the end of it, by which ids ascend. */
export const BY_REQUEST_ID = 'substr(req_id, -36) = substr(?1, -36) AND req_id = ?1'
