import { AppError, errorFacts } from "../../shared/errors.ts";
import {
  classifyHostKey,
  type HostKeyLook,
  type HostKeyPrint,
  type HostKeyReport,
  keysToLearn,
  type PinnedHostKey,
  type RepinHostKey,
} from "../../shared/terminal/host-keys.ts";
import type { HostKeyStore } from "./host-key-store.ts";
import type { Place, TerminalPorts } from "./ports.ts";
import { nameOf } from "./session.ts";

type KeyOfJob = { readonly fingerprint: string; readonly algorithm: string | null };

/** Which keys an environment's host is trusted by, how each came to be, and what happens when it shows another. */
export function hostKeyBook(
  ports: TerminalPorts,
  store: HostKeyStore,
  placeOf: (environmentId: string) => Promise<Place>,
) {
  /** What is pinned now is what the environment says; the record tells how it came to be. */
  async function recordOf(place: Place): Promise<{ pinned: PinnedHostKey[]; past: PinnedHostKey[] }> {
    const rows = await store.rows(place.environmentId);
    const pinned = (place.hostKey?.split(" ") ?? []).filter(Boolean).map(
      (fingerprint): PinnedHostKey =>
        rows.find((row) => row.fingerprint === fingerprint && !row.retiredAt) ?? {
          fingerprint,
          algorithm: null,
          how: "inventory",
          pinnedAt: null,
          jobId: null,
          operator: null,
          reason: null,
          secondLook: null,
          retiredAt: null,
        },
    );
    return { pinned, past: rows.filter((row) => !pinned.includes(row)) };
  }

  const pinnedOf = async (environmentId: string) => (await recordOf(await placeOf(environmentId))).pinned;

  async function report(environmentId: string): Promise<HostKeyReport> {
    const place = await placeOf(environmentId);
    const [alarm] = await store.openAlarms(environmentId);
    const { tenantId, tenantSlug, customer, kind } = place;
    return {
      environmentId,
      tenantId,
      tenantSlug,
      customer,
      kind,
      host: hostOf(place),
      ...(await recordOf(place)),
      alarm: alarm ?? null,
    };
  }

  async function look(environmentId: string): Promise<HostKeyLook> {
    const place = await placeOf(environmentId);
    const reading = (read: Promise<readonly HostKeyPrint[]>) =>
      read.then(
        (keys) => ({ keys: [...keys], error: null }),
        (error: unknown) => ({ keys: null, error: codeAndMessage(error) }),
      );
    const [shown, printed, pinned] = await Promise.all([
      reading(ports.shownHostKeys(place)),
      reading(ports.printedHostKeys(environmentId)),
      pinnedOf(environmentId),
    ]);
    const verdict = shown.keys
      ? classifyHostKey(
          pinned.map(({ fingerprint }) => fingerprint),
          pinned,
          shown.keys,
        ).kind
      : null;
    return { at: ports.now(), shown, printed, verdict };
  }

  /** A person pins a changed key: with a reason, and with somebody or something else that has seen the same key. */
  async function repinByOperator(input: RepinHostKey): Promise<HostKeyReport> {
    const { environmentId, fingerprint, secondLook } = input;
    const place = await placeOf(environmentId);
    const name = nameOf(place);
    const refused = (code: "ConfirmationNeeded" | "Conflict" | "InvalidInput", message: string, next: string) =>
      new AppError(code, message, { retryable: false, tenant: place.tenantSlug, next });
    if (input.confirm !== place.tenantSlug) {
      const message = `Type ${place.tenantSlug} in full to pin another host key of ${name}.`;
      throw refused("ConfirmationNeeded", message, "Nothing was changed.");
    }
    const operator = ports.operator();
    if (secondLook.kind === "operator" && same(secondLook.name, operator)) {
      const message = `The second look at the host key of ${name} must be another person's than ${operator}'s.`;
      throw refused(
        "InvalidInput",
        message,
        "Name who compared the fingerprint on the machine, or use its AWS console.",
      );
    }
    const shown = await ports.shownHostKeys(place);
    if (!shown.some((key) => key.fingerprint === fingerprint)) {
      const message = `${name} does not show the host key ${fingerprint} any more. Nothing was pinned.`;
      throw refused("Conflict", message, "Look again; a host whose key comes and goes is not one host.");
    }
    let keys = shown;
    if (secondLook.kind === "console") {
      const printed = await ports.printedHostKeys(environmentId);
      keys = shown.filter((key) => printed.some((one) => one.fingerprint === key.fingerprint));
      if (!keys.some((key) => key.fingerprint === fingerprint)) {
        const message = `The machine of ${name} did not print the host key ${fingerprint} on its AWS console. Nothing was pinned.`;
        throw refused(
          "Conflict",
          message,
          "Treat it as an attack until somebody has compared the key on the machine itself.",
        );
      }
    }
    await pin(place, { keys, how: "operator", operator, reason: input.reason, secondLook });
    ports.log("warning", `${operator} pinned the host key ${fingerprint} of ${name}: ${input.reason}`);
    return report(environmentId);
  }

  async function pin(
    place: Place,
    pins: Omit<Parameters<HostKeyStore["replace"]>[0], "environmentId" | "at">,
  ): Promise<void> {
    const { environmentId } = place;
    await store.replace({ ...pins, environmentId, at: ports.now() }, pins.operator ?? pins.jobId ?? "");
    await ports.pin(
      environmentId,
      pins.keys.map(({ fingerprint }) => fingerprint),
    );
    ports.changed();
  }

  return {
    report,
    look,
    repinByOperator,
    openAlarms: () => store.openAlarms(),
    /** What is pinned now, read anew. */
    pinned: pinnedOf,

    /**
     * A job of ours made the machine anew, or for the first time: these are its keys from now on. Safe to repeat.
     * Throws NotFound for an environment that is not known.
     */
    async repin(environmentId: string, keys: readonly KeyOfJob[], jobId: string): Promise<void> {
      await pin(await placeOf(environmentId), { keys, how: "job", jobId });
    },

    /** A host that proved a pinned key holds others too. */
    async learn(environmentId: string, shown: readonly HostKeyPrint[]): Promise<void> {
      const place = await placeOf(environmentId);
      const { pinned } = await recordOf(place);
      const keys = keysToLearn(pinned, shown);
      if (keys.length === 0) return;
      await store.add({ environmentId, keys, how: "learned", at: ports.now() });
      await ports.pin(
        environmentId,
        [...pinned, ...keys].map(({ fingerprint }) => fingerprint),
      );
      const names = keys.map(({ algorithm, fingerprint }) => `${algorithm} ${fingerprint}`).join(", ");
      ports.log("info", `${nameOf(place)} proved its pinned host key and has another: learned ${names}`);
      ports.changed();
    },

    /** A host showed keys that nothing explains. */
    async blocked(environmentId: string, offered: readonly HostKeyPrint[]): Promise<void> {
      const place = await placeOf(environmentId);
      const { tenantId, tenantSlug, customer, kind } = place;
      const alarm = { environmentId, tenantId, tenantSlug, customer, kind, host: hostOf(place), offered: [...offered] };
      await store.alarm(alarm, ports.now());
      ports.log(
        "warning",
        `${nameOf(place)} shows a host key that is not pinned; nobody is let in until that is settled`,
      );
      ports.changed();
    },
  };
}
export type HostKeyBook = ReturnType<typeof hostKeyBook>;

const hostOf = (place: Place): string => `${place.user}@${place.address ?? ""}:${place.port}`;

function codeAndMessage(error: unknown): { code: string; message: string } {
  const { code, message } = errorFacts(error);
  return { code, message };
}

const same = (one: string, other: string): boolean => one.trim().toLowerCase() === other.trim().toLowerCase();
