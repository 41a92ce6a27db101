import { createHash } from "node:crypto";
import { createServer, type Server } from "node:net";
import { AppError } from "../../shared/errors.ts";

/** The lab's own block of the loopback network, 127.B.0.0/16. */
export interface Network {
  /** The address 127.B.x.y of "x.y". */
  address(suffix: string): string;
  /** Block in CIDR form whose third number starts at `third`. */
  cidr(third: number, bits: number): string;
  readonly ports: { readonly ssh: number; readonly https: number; readonly http: number };
  release(): Promise<void>;
}

const LOCK_PORT = 61_127;
/** Left out: 127.0 has everybody's services, 127.1 is what people type. */
const FIRST_BLOCK = 2;
const BLOCKS = 250;
const PORT_CHOICES = [
  { ssh: 2222, https: 8443, http: 8080 },
  { ssh: 22022, https: 24443, http: 28080 },
  { ssh: 32022, https: 34443, http: 38080 },
  { ssh: 42022, https: 44443, http: 48080 },
];

/**
 * Takes a block that no other lab of this machine has, by holding a port in it, which the kernel releases however the
 * process ends. The folder decides where the search starts, so that a lab tends to keep its addresses. Listeners on all
 * addresses of the machine would shadow the hosts, so the host ports are the first choice on which nothing listens.
 */
export async function takeNetwork(folder: string): Promise<Network> {
  const start = createHash("sha256").update(folder).digest().readUInt16BE(0) % BLOCKS;
  for (let offset = 0; offset < BLOCKS; offset += 1) {
    const block = FIRST_BLOCK + ((start + offset) % BLOCKS);
    const lock = await tryListen(`127.${block}.0.1`, LOCK_PORT);
    if (!lock) continue;
    const ports = await choosePorts(`127.${block}.0.1`);
    return {
      address: (suffix) => `127.${block}.${suffix}`,
      cidr: (third, bits) => `127.${block}.${third}.0/${bits}`,
      ports,
      release: () => close(lock),
    };
  }
  throw new AppError(
    "LabUnavailable",
    "The lab found no free block of loopback addresses (127.B.0.0/16) for its hosts.",
    {
      retryable: true,
      next: "Stop other labs on this machine, or allow loopback addresses other than 127.0.0.1 (ifconfig lo0 alias).",
    },
  );
}

async function choosePorts(address: string): Promise<Network["ports"]> {
  for (const ports of PORT_CHOICES) {
    const servers = await Promise.all(Object.values(ports).map((port) => tryListen(address, port)));
    await Promise.all(servers.filter((server) => server !== null).map(close));
    if (servers.every((server) => server !== null)) return ports;
  }
  throw new AppError("PortInUse", "The lab found no free ports for its hosts' SSH and HTTPS listeners.", {
    retryable: true,
    tried: PORT_CHOICES,
    next: "End the program that listens on these ports on all addresses, or let it listen on 127.0.0.1 only.",
  });
}

function tryListen(host: string, port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(null));
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
