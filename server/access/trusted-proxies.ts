/** Who is at the other end: the socket's address, or, where that is a proxy we trust, the one that it forwards for. */
import { BlockList, isIP } from 'node:net';

export class TrustedProxies {
  readonly #list = new BlockList();
  readonly hasAny: boolean;

  /** @param networks `10.0.0.1` or `10.0.0.0/8`, as the settings checked them. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', prefix] = network.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
    this.hasAny = networks.length > 0;
  }

  /** Whether one of them is at the other end of the socket. */
  hasSocket(socketAddress: string | undefined): boolean {
    return socketAddress !== undefined && this.has(plainAddress(socketAddress));
  }

  has(ip: string): boolean {
    return this.hasAny && this.#list.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
  }

  /**
   * @param forwardedFor X-Forwarded-For, to which each proxy adds the address that it saw.
   * @returns the last address that is no trusted proxy; the proxy's own where the header is missing or holds anything else.
   */
  clientOf(socketAddress: string | undefined, forwardedFor: string | undefined): string {
    const ip = plainAddress(socketAddress ?? 'unknown');
    if (forwardedFor === undefined || !this.has(ip)) return ip;
    let client = ip;
    for (const item of forwardedFor.split(',').toReversed()) {
      client = plainAddress(item.trim());
      if (isIP(client) === 0) return ip;
      if (!this.has(client)) return client;
    }
    return client;
  }
}

/** An IPv4 address on a socket for both families is written like an IPv6 one. */
export function plainAddress(ip: string): string {
  return ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice('::ffff:'.length) : ip;
}
