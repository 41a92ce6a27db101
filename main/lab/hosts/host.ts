import { randomBytes } from "node:crypto";
import { appendFile, chmod, chown, mkdir, readFile, rm } from "node:fs/promises";
import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import { createServer, type Server, type Socket } from "node:net";
import path from "node:path";
import { rootCertificates } from "node:tls";
import { AppError } from "../../../shared/errors.ts";
import type { HostProcesses, HostSpec, MachineRoom } from "../types.ts";
import type { LabCa } from "./ca.ts";
import type { DebianParts } from "./debian.ts";
import { controlHandler, type ControlParts } from "./erp/control.ts";
import { ERPCTL, HOSTNAME_COMMAND } from "./erp/erpctl.ts";
import { createInstance, type ErpInstance } from "./erp/instance.ts";
import { createSite } from "./erp/site.ts";
import { responseTime, smokeTest, type SmokeTarget } from "./erp/smoke.ts";
import { readIfThere, writeWhole } from "./files.ts";
import { type HostFolders, hostFolders } from "./folders.ts";
import { consoleBlock, hostKeyFiles, hostKeys } from "./host-keys.ts";
import { checkReachable, ownFolder, type Owner } from "./owner.ts";
import type { PostgresBinaries } from "./postgres/binaries.ts";
import { createAccess } from "./ssh/authorized-keys.ts";
import { endCommands, signalCommands } from "./ssh/commands.ts";
import { createOpenSshServer, endLeftServers } from "./ssh/openssh.ts";
import { createSshServer } from "./ssh/server.ts";
import { createSessions } from "./ssh/sessions.ts";

export interface HostContext {
  readonly ca: LabCa;
  readonly ports: { readonly ssh: number; readonly https: number };
  readonly owner: Owner | undefined;
  /** What the host is made of instead of the built-in parts. */
  readonly debian: DebianParts | null;
  readonly binaries: () => Promise<PostgresBinaries>;
  readonly template: () => Promise<string>;
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  readonly ordersPerMinute: number | undefined;
  /** Folder with a short path, closed to others, for the host's sockets. */
  readonly runFolder: string;
  readonly log: (line: string) => void;
}

export type Trouble = Parameters<MachineRoom["trouble"]>[1];

/** One real local host, powered on. */
export interface Host {
  readonly dataFolders: () => readonly string[];
  update(spec: HostSpec): Promise<void>;
  consoleOutput(): Promise<string>;
  status(): { processes: HostProcesses; memoryBytes: number | null; ordersWritten: number };
  trouble(kind: Trouble, on: boolean): Promise<void>;
  /** Runs `work` while the host's database neither starts nor ends. */
  hold<Result>(work: () => Promise<Result>): Promise<Result>;
  powerOff(): Promise<void>;
}

/** How long a session lives while SSH is being cut. */
const CUT_AFTER_MS = 2_000;

/** Makes the host's identity on first boot and binds its two listeners; everything else waits for a contact. */
export async function bootHost(first: HostSpec, context: HostContext): Promise<Host> {
  let spec = first;
  const folders = hostFolders(first.folder, context.runFolder);
  await makeRootDevice(spec, folders, context.owner);
  const keys = await hostKeys(folders.ssh);
  const instance = await createInstance({
    spec: () => spec,
    folders,
    owner: context.owner,
    binaries: context.binaries,
    template: context.template,
    ca: context.ca,
    inTurn: context.inTurn,
    ordersPerMinute: context.ordersPerMinute,
    log: context.log,
  });
  const sockets = new Set<Socket>();
  const troubles = new Set<Trouble>();
  /** Settles when the frozen host goes on; undefined while it is not frozen. */
  let frozen: { readonly over: Promise<void>; readonly end: () => void } | undefined;

  const passToken = randomBytes(24).toString("base64url");
  const site = createSite(instance, passToken);
  const web = webServer((request, response) => afterFrost(() => site(request, response)), instance);
  const customer = async (): Promise<SmokeTarget> => ({
    address: spec.address,
    port: context.ports.https,
    domain: (await instance.facts()).domain ?? "",
    // A customer's own chain is trusted for what it is: whether the world does is the world's to say.
    authorities: [
      await readFile(context.ca.certificateFile, "utf8"),
      ...rootCertificates,
      instance.certificate()?.cert ?? "",
    ],
    password: await instance.adminPassword(),
    passToken,
  });
  const sessions = createSessions();
  const control = lazyControl(folders, context, {
    instance,
    access: createAccess(authorizedKeysFile(folders), context.owner, (usable) => sessions.endAllBut(usable)),
    smoke: async () => smokeTest(await customer()),
    response: async () => responseTime(await customer()),
  });

  const currentKeys = () => (troubles.has("host-key-changed") ? hostKeys(folders.ssh, ".changed") : keys);
  const sshOptions = {
    keys: async () => currentKeys(),
    authorizedKeys: async () => ((await readIfThere(authorizedKeysFile(folders))) ?? "").split("\n"),
    commands: {
      instanceId: first.instanceId,
      home: folders.home,
      owner: context.owner,
      environment: () => commandEnvironment(spec, folders),
      shellStart: path.join(folders.root, "etc", "bashrc"),
    },
    files: {
      home: folders.home,
      root: folders.root,
      others: () => volumeFolders(spec),
      owner: context.owner,
      full: () => instance.diskFull(),
    },
    sessions,
    onLogIn: () => {
      void instance.wake().catch(() => undefined);
    },
  };
  await endLeftServers(folders.run);
  const ssh = context.debian
    ? createOpenSshServer(sshOptions, {
        parts: context.debian,
        authorizedKeysFile: authorizedKeysFile(folders),
        hostKeyFiles: () => hostKeyFiles(folders.ssh, troubles.has("host-key-changed") ? ".changed" : ""),
        runFolder: folders.run,
        shellFile: path.join(folders.bin, "session-shell"),
      })
    : createSshServer(sshOptions);

  /** A frozen host looks at nothing before it goes on. */
  const afterFrost = (serve: () => void) => (frozen ? void frozen.over.then(serve) : serve());
  /** A connection that got past the security groups; held back while the host is frozen. */
  const take = (socket: Socket, port: "ssh" | "https", serve: () => void) => {
    socket.on("error", () => undefined);
    // The host itself is no stranger to itself.
    const from = socket.remoteAddress ?? "";
    if (from !== spec.address && !spec.allows(port, from)) return socket.destroy();
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    afterFrost(serve);
  };
  const onSsh = (socket: Socket) =>
    take(socket, "ssh", () => {
      Promise.all([control.ready(), currentKeys()])
        .then(() => ssh.accept(socket))
        .then((cut) => {
          if (troubles.has("ssh-cut")) setTimeout(() => troubles.has("ssh-cut") && cut(), CUT_AFTER_MS).unref();
        })
        .catch((error: unknown) => {
          context.log(`${spec.instanceId}: SSH: ${String(error)}`);
          socket.destroy();
        });
    });
  const onHttps = (socket: Socket) =>
    take(socket, "https", () => {
      socket.pause();
      instance
        .wake()
        .catch(() => undefined)
        .then(() => (web.serve(socket) ? socket.resume() : socket.destroy()))
        .catch(() => socket.destroy());
    });

  // Of an SSH connection nothing may be read before it is given to whoever serves it.
  const listeners = { ssh: createServer({ pauseOnConnect: true }, onSsh), https: createServer(onHttps) };
  const bind = async () => {
    await listen(listeners.ssh, spec.address, context.ports.ssh);
    await listen(listeners.https, spec.address, context.ports.https);
  };
  const unbind = async () => {
    const both = Promise.all([closed(listeners.ssh), closed(listeners.https)]);
    for (const socket of sockets) socket.destroy();
    await ssh.cut();
    await both;
  };
  try {
    await bind();
  } catch (error) {
    await unbind();
    throw error;
  }
  await appendFile(path.join(folders.log, "boot.log"), `${new Date().toISOString()} ${spec.instanceId} is up\n`);

  async function freeze(on: boolean): Promise<void> {
    const before = frozen;
    if (on) {
      let end = () => {};
      const over = new Promise<void>((resolve) => {
        end = resolve;
      });
      frozen = { over, end };
    } else frozen = undefined;
    await instance.freeze(on);
    await signalCommands(spec.instanceId, on ? "SIGSTOP" : "SIGCONT");
    await ssh.freeze(on);
    before?.end();
  }

  return {
    dataFolders: () => volumeFolders(spec),
    async update(next) {
      const before = spec;
      spec = next;
      await provisionKeys(spec, folders, context.owner);
      await instance.volumesChanged();
      if (before.address === next.address) return;
      await unbind();
      await bind();
      await instance.addressChanged();
    },
    async consoleOutput() {
      const boots = (await readIfThere(path.join(folders.log, "boot.log"))) ?? "";
      return [
        `[    0.000000] Linux version 6.8.0-lab (${hostname(spec)}) Ubuntu 24.04 LTS`,
        ...boots.trim().split("\n"),
        consoleBlock(keys, hostname(spec)),
        `Cloud-init v. 24.4 finished. Datasource DataSourceEc2Local.`,
        "",
      ].join("\n");
    },
    status: () => ({
      processes: instance.processes(),
      memoryBytes: instance.memoryBytes(),
      ordersWritten: instance.ordersWritten(),
    }),
    async trouble(kind, on) {
      if (on === troubles.has(kind)) return;
      if (on) troubles.add(kind);
      else troubles.delete(kind);
      if (kind === "disk-full") await instance.setDiskFull(on);
      if (kind === "host-frozen") await freeze(on);
      if (kind === "ssh-cut" && on) await ssh.cut();
    },
    hold: instance.hold,
    async powerOff() {
      await unbind();
      if (troubles.delete("host-frozen")) await freeze(false);
      await endCommands(spec.instanceId);
      await control.close();
      await instance.end();
      await rm(context.runFolder, { recursive: true, force: true });
    },
  };
}

function volumeFolders(spec: HostSpec): readonly string[] {
  return Object.values(spec.volumes).map((volume) => volume.folder);
}

/** A name that can stand in a prompt and in a host name: the Name tag may hold anything. */
function hostname(spec: HostSpec): string {
  return /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/.test(spec.name) ? spec.name : spec.instanceId;
}

function authorizedKeysFile(folders: HostFolders): string {
  return path.join(folders.home, ".ssh", "authorized_keys");
}

async function makeRootDevice(spec: HostSpec, folders: HostFolders, owner: Owner | undefined): Promise<void> {
  await mkdir(folders.root, { recursive: true });
  await checkReachable(folders.root, owner);
  for (const folder of [folders.bin, folders.log]) await mkdir(folder, { recursive: true });
  for (const folder of [folders.erp, folders.ssh]) {
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o700);
  }
  await ownFolder(folders.home, owner, 0o750);
  await ownFolder(path.dirname(authorizedKeysFile(folders)), owner, 0o700);
  await ownFolder(folders.run, owner, 0o700);
  await writeWhole(path.join(folders.bin, "erpctl"), ERPCTL, { mode: 0o755 });
  await writeWhole(path.join(folders.bin, "hostname"), HOSTNAME_COMMAND, { mode: 0o755 });
  await writeWhole(path.join(folders.root, "etc", "hostname"), `${hostname(spec)}\n`, { mode: 0o644 });
  await writeWhole(path.join(folders.root, "etc", "bashrc"), bashrc(hostname(spec)), { mode: 0o644 });
  await provisionKeys(spec, folders, owner);
}

/**
 * Writes each of the instance's keys to authorized_keys once, as cloud-init does on first boot: the file then decides,
 * and a key that the operator took out of it stays out.
 */
async function provisionKeys(spec: HostSpec, folders: HostFolders, owner: Owner | undefined): Promise<void> {
  const doneFile = path.join(folders.ssh, "provisioned-keys");
  const done = new Set(((await readIfThere(doneFile)) ?? "").split("\n"));
  const fresh = spec.authorizedKeys.map((line) => line.trim()).filter((line) => line && !done.has(line));
  if (fresh.length === 0) return;
  const file = authorizedKeysFile(folders);
  const present = (await readIfThere(file)) ?? "";
  const gap = present && !present.endsWith("\n") ? "\n" : "";
  await writeWhole(file, `${present}${gap}${fresh.join("\n")}\n`, { mode: 0o600, owner });
  await appendFile(doneFile, `${fresh.join("\n")}\n`);
}

function bashrc(name: string): string {
  return [
    `PS1='ubuntu@${name}:\\w\\$ '`,
    "HISTFILE=",
    `[ -f "$HOME/.bashrc" ] && . "$HOME/.bashrc"`,
    "alias ls='ls --color=auto' 2>/dev/null || true",
    "",
  ].join("\n");
}

function commandEnvironment(spec: HostSpec, folders: HostFolders): Readonly<Record<string, string>> {
  const [data] = Object.entries(spec.volumes).sort(([a], [b]) => a.localeCompare(b));
  return {
    HOME: folders.home,
    USER: "ubuntu",
    LOGNAME: "ubuntu",
    HOSTNAME: hostname(spec),
    PATH: `${folders.bin}:/usr/local/bin:/usr/bin:/bin`,
    LANG: "C.UTF-8",
    ERP_CONTROL: path.join(folders.run, "erp.sock"),
    ERP_NODE: process.execPath,
    ERP_ROOT: folders.root,
    ...(data ? { ERP_DATA: data[1].folder } : {}),
    PGHOST: folders.run,
    PGUSER: "erp",
    PGDATABASE: "erp",
  };
}

/** HTTPS without a listener of its own: it is given connections once there is a certificate. */
function webServer(site: RequestListener, instance: ErpInstance) {
  let server: HttpsServer | undefined;
  let shown: string | undefined;
  return {
    /** False while there is no certificate: nothing is set up on this host. */
    serve(socket: Socket): boolean {
      const certificate = instance.certificate();
      if (!certificate) return false;
      if (!server) {
        server = createHttpsServer({ ...certificate, minVersion: "TLSv1.2" }, site);
        server.on("tlsClientError", (_error, secured) => secured.destroy());
        server.on("clientError", (_error, client) => client.destroy());
      } else if (shown !== certificate.cert) server.setSecureContext({ ...certificate, minVersion: "TLSv1.2" });
      shown = certificate.cert;
      server.emit("connection", socket);
      return true;
    },
  };
}

/** The private socket behind `erpctl`, opened when somebody may first use it. */
function lazyControl(folders: HostFolders, { owner }: HostContext, parts: ControlParts) {
  let opening: Promise<HttpServer> | undefined;
  const open = async () => {
    const file = path.join(folders.run, "erp.sock");
    await rm(file, { force: true });
    const server = createHttpServer(controlHandler(parts));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(file, resolve);
    });
    if (owner) await chown(file, owner.uid, owner.gid);
    return server;
  };
  return {
    ready: () => (opening ??= open()),
    async close() {
      const server = await opening?.catch(() => undefined);
      server?.closeAllConnections();
      server?.close();
    },
  };
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new AppError("PortInUse", `${address}:${port}, a lab host's own address, is in use by another program.`, {
              retryable: true,
              next: "End that program, or the other lab that has this address.",
            })
          : error,
      );
    server.once("error", failed);
    server.listen({ host: address, port, exclusive: true }, () => {
      server.off("error", failed);
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
  });
}
