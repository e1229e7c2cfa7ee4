import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to the bytes of one direction of a connection. */
export interface Direction {
  /** After so many bytes of this direction, within the connection, `how` happens to it. */
  readonly cutAfter?: number;
  /**
   * `rst`: both sides are reset, where node may send an ordinary end just before; `fin`: both see an ordinary end;
   * `truncate`: the receiver sees one, and what the sender goes on to send is lost; `stall`: nothing moves any more.
   * Default: rst.
   */
  readonly how?: 'rst' | 'fin' | 'truncate' | 'stall';
  /** Each block is held so long. */
  readonly latencyMs?: number;
  readonly bytesPerSecond?: number;
}

/** The first rule that concerns a connection decides; one that no rule concerns goes through untouched. */
export interface ProxyRule {
  /** Leaves so many connections alone first, then concerns `count` of them (default: all). */
  readonly skip?: number;
  readonly count?: number;
  /** Cuts no more than so many of those, the first that get there. Default: all. */
  readonly cuts?: number;
  /** The connection is reset as soon as it is made. */
  readonly refuse?: boolean;
  /** From the client to the server. */
  readonly up?: Direction;
  readonly down?: Direction;
}

export interface FaultProxy {
  readonly port: number;
  /** Replaces the rules; their counts start anew, connections that are open keep theirs. */
  setRules(rules: readonly ProxyRule[]): void;
  /** Connections seen since the rules were set, and those a rule did something to. */
  readonly connections: number;
  readonly struck: number;
  /** Resolves when a rule does something to a connection from now on. */
  nextStrike(): Promise<void>;
  stop(): Promise<void>;
}

export interface ProxyPlace {
  /** Where the proxy listens. Default: 127.0.0.1. */
  readonly host?: string;
  /** More ports of the server, reached by the same numbers: `host` has to be another one than the server's then. */
  readonly same?: readonly number[];
}

/** A TCP proxy on loopback in front of a server on 127.0.0.1 that makes connections go wrong as the rules say. */
export async function startFaultProxy(
  target: number,
  first: readonly ProxyRule[] = [],
  { host = '127.0.0.1', same = [] }: ProxyPlace = {},
): Promise<FaultProxy> {
  let rules = first;
  let seen = new Map<ProxyRule, number>();
  let cutsLeft = new Map<ProxyRule, number>();
  let connections = 0;
  let struck = 0;
  const awaiting: (() => void)[] = [];
  const sockets = new Set<Socket>();

  function strike(): void {
    struck++;
    for (const tell of awaiting.splice(0)) tell();
  }

  function ruleFor(): ProxyRule | undefined {
    for (const rule of rules) {
      const nth = seen.get(rule) ?? 0;
      seen.set(rule, nth + 1);
      const { skip = 0, count = Number.POSITIVE_INFINITY } = rule;
      if (nth >= skip && nth < skip + count) return rule;
    }
    return undefined;
  }

  function track(socket: Socket): Socket {
    sockets.add(socket);
    socket.setNoDelay(true);
    // The other side learns of it by the end of the relay.
    socket.on('error', () => undefined);
    return socket.on('close', () => sockets.delete(socket));
  }

  function accept(client: Socket, port: number): void {
    track(client);
    connections++;
    const rule = ruleFor();
    if (rule?.refuse === true) {
      strike();
      client.resetAndDestroy();
      return;
    }
    const server = track(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
    let isStruck = false;
    const mayCut = (): boolean => {
      if (rule === undefined) return false;
      const left = cutsLeft.get(rule) ?? rule.cuts ?? Number.POSITIVE_INFINITY;
      cutsLeft.set(rule, left - 1);
      return left > 0;
    };
    const strikeOnce = (): void => {
      if (!isStruck) strike();
      isStruck = true;
    };
    void relay(client, server, rule?.up ?? {}, { mayCut, strike: strikeOnce });
    void relay(server, client, rule?.down ?? {}, { mayCut, strike: strikeOnce });
  }

  async function listen(port: number, to: number): Promise<Server> {
    const listener = createServer({ allowHalfOpen: true }, (client) => accept(client, to)).listen(port, host);
    await once(listener, 'listening');
    return listener;
  }

  const main = await listen(0, target);
  const listeners = [main, ...(await Promise.all(same.map((port) => listen(port, port))))];
  const { port } = main.address() as AddressInfo;
  return {
    port,
    setRules(next) {
      rules = next;
      seen = new Map();
      cutsLeft = new Map();
      connections = 0;
      struck = 0;
    },
    get connections() {
      return connections;
    },
    get struck() {
      return struck;
    },
    nextStrike: () => new Promise((resolve) => awaiting.push(resolve)),
    async stop() {
      const closed = listeners.map((listener) => once(listener, 'close'));
      for (const listener of listeners) listener.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

interface Decisions {
  readonly mayCut: () => boolean;
  readonly strike: () => void;
}

async function relay(from: Socket, to: Socket, fault: Direction, { mayCut, strike }: Decisions): Promise<void> {
  const { how = 'rst', latencyMs = 0, bytesPerSecond } = fault;
  let { cutAfter = Number.POSITIVE_INFINITY } = fault;
  let passed = 0;
  try {
    // Half of it may still be open: destroying is ours.
    for await (const block of from.iterator({ destroyOnReturn: false })) {
      const bytes: Buffer = block;
      if (passed > cutAfter) continue;
      if (latencyMs > 0 || bytesPerSecond !== undefined) strike();
      if (latencyMs > 0) await sleep(latencyMs);
      if (passed + bytes.length >= cutAfter && !mayCut()) cutAfter = Number.POSITIVE_INFINITY;
      const part = bytes.subarray(0, cutAfter - passed);
      passed += part.length;
      if (part.length > 0 && !to.write(part)) await once(to, 'drain');
      if (bytesPerSecond !== undefined) await sleep((part.length / bytesPerSecond) * 1000);
      if (passed < cutAfter) continue;
      strike();
      if (how === 'stall') return;
      if (how === 'truncate') {
        to.end();
        passed = Number.POSITIVE_INFINITY;
        continue;
      }
      if (how === 'fin') {
        to.end();
        from.end();
        return;
      }
      to.resetAndDestroy();
      from.resetAndDestroy();
      return;
    }
    if (passed <= cutAfter) to.end();
  } catch {
    to.destroy();
    from.destroy();
  }
}
