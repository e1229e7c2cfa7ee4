import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to the bytes of one direction of a connection. */
export interface Direction {
  /** After so many bytes of this direction, within the connection, `how` happens to it. */
  readonly cutAfter?: number;
  /**
   * `rst`: both sides are reset, where node may send an ordinary end just before; `fin`: both see an ordinary end;
   * `stall`: nothing moves any more. Default: rst.
   */
  readonly how?: 'rst' | 'fin' | 'stall';
  /** Each block is held so long. */
  readonly latencyMs?: number;
  readonly bytesPerSecond?: number;
}

/** The first rule that concerns a connection decides; one that no rule concerns goes through untouched. */
export interface ProxyRule {
  /** Leaves so many connections alone first, then concerns `count` of them (default: all). */
  readonly skip?: number;
  readonly count?: number;
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
  stop(): Promise<void>;
}

/** A TCP proxy on loopback in front of a server on loopback that makes connections go wrong as the rules say. */
export async function startFaultProxy(target: number, first: readonly ProxyRule[] = []): Promise<FaultProxy> {
  let rules = first;
  let seen = new Map<ProxyRule, number>();
  let connections = 0;
  let struck = 0;
  const sockets = new Set<Socket>();

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

  function accept(client: Socket): void {
    track(client);
    connections++;
    const rule = ruleFor();
    if (rule?.refuse === true) {
      struck++;
      client.resetAndDestroy();
      return;
    }
    const server = track(connect({ port: target, host: '127.0.0.1', allowHalfOpen: true }));
    const strike = (): void => void struck++;
    void relay(client, server, rule?.up ?? {}, strike);
    void relay(server, client, rule?.down ?? {}, strike);
  }

  const listener = createServer({ allowHalfOpen: true }, accept).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  return {
    port,
    setRules(next) {
      rules = next;
      seen = new Map();
      connections = 0;
      struck = 0;
    },
    get connections() {
      return connections;
    },
    get struck() {
      return struck;
    },
    async stop() {
      listener.close();
      for (const socket of sockets) socket.destroy();
      if (listener.listening) await once(listener, 'close');
    },
  };
}

async function relay(from: Socket, to: Socket, fault: Direction, strike: () => void): Promise<void> {
  const { cutAfter = Number.POSITIVE_INFINITY, how = 'rst', latencyMs = 0, bytesPerSecond } = fault;
  let passed = 0;
  try {
    // Half of it may still be open: destroying is ours.
    for await (const block of from.iterator({ destroyOnReturn: false })) {
      const bytes: Buffer = block;
      if (latencyMs > 0) await sleep(latencyMs);
      const part = bytes.subarray(0, cutAfter - passed);
      passed += part.length;
      if (part.length > 0 && !to.write(part)) await once(to, 'drain');
      if (bytesPerSecond !== undefined) await sleep((part.length / bytesPerSecond) * 1000);
      if (passed < cutAfter) continue;
      strike();
      if (how === 'stall') return;
      if (how === 'fin') {
        to.end();
        from.end();
        return;
      }
      to.resetAndDestroy();
      from.resetAndDestroy();
      return;
    }
    to.end();
  } catch {
    to.destroy();
    from.destroy();
  }
}
