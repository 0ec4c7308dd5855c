/** Who speaks, as far as the server knows: decided once for each request, before anything is done. */
export type Peer = {
  ip: string;
  /** The name of the token's owner; undefined where nobody needs a token. */
  credential: string | undefined;
};
