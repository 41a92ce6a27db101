import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { implement } from "@orpc/server";
import { calendarContract } from "../../shared/calendar/contract.ts";
import type {
  NoticeDuty,
  CalendarWindow,
  ExportedFile,
  Override,
  WindowCheck,
  WindowDetails,
  WindowDraft,
  Wave,
  WaveDraft,
  WaveRow,
  WindowNotice,
} from "../../shared/calendar/model.ts";
import { noticeText, templateKindOf } from "../../shared/calendar/notice-text.ts";
import { announcing, lastHeard, noticeDueAt, noticeStanding, provesNotice } from "../../shared/calendar/standing.ts";
import { spreadWave } from "../../shared/calendar/wave.ts";
import { AppError, errorFacts } from "../../shared/errors.ts";
import type { OpenWindow } from "../../shared/policy/interruption.ts";
import { MaintenanceKind, type PolicyProfile } from "../../shared/policy/profile.ts";
import type { ProfileFinder } from "../../shared/policy/profiles.ts";
import { standingRefusals, type Verdict } from "../../shared/policy/verdict.ts";
import { regionZone } from "../../shared/policy/windows.ts";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";
import { DAY_MS, MINUTE_MS } from "../../shared/time.ts";
import { stableId } from "../jobs/stable-id.ts";
import { type Decision, type DecisionFacts, decide, earliestStart, type Plan } from "./decide.ts";
import { feedFile, messageFile, messageName, windowFile } from "./files.ts";
import type { CalendarPorts, CalendarTenant } from "./ports.ts";
import { recurringWindows } from "./recurring.ts";
import { messageFileOf, noticeSender } from "./send-notice.ts";
import {
  calendarStore,
  type ListedWindow,
  type Planning,
  type Sending,
  type StoredNotice,
  type StoredSending,
  type StoredWindow,
} from "./store.ts";
import { noticeTemplates } from "./templates.ts";
import { readStart } from "./times.ts";

export type { CalendarPorts, CalendarTenant, TrainStop } from "./ports.ts";

const MAX_RANGE_MS = 400 * DAY_MS;
/** Clocks of two machines differ; a sending may seem to lie this far ahead. */
const SKEW_MS = 2 * MINUTE_MS;

/** Where a plan applies: one environment of one tenant, in its two time zones. */
interface Place extends Pick<DecisionFacts, "region" | "zone" | "customerZone"> {
  readonly tenant: CalendarTenant;
  /** The numbers that bind it on the day of a plan. */
  profileAt(at: Date): PolicyProfile;
}

export interface PlannedWindow extends OpenWindow {
  readonly tenantId: string;
  readonly environment: EnvironmentKind;
  readonly cancelled: boolean;
}

const byNewest = (one: { readonly sentAt: Date | null }, other: { readonly sentAt: Date | null }): number =>
  (other.sentAt?.getTime() ?? 0) - (one.sentAt?.getTime() ?? 0);

/** Planned maintenance, the rules that gate it, and the ledger of its notices. */
export function calendarArea(ports: CalendarPorts) {
  const store = calendarStore(ports.pool);
  const sender = noticeSender(ports, store);
  const templates = noticeTemplates(store, ports.now, ports.operator);
  const os = implement(calendarContract);

  async function tenantOf(ref: string, everyone?: readonly CalendarTenant[]): Promise<CalendarTenant> {
    const tenant = (everyone ?? (await ports.tenants())).find((one) => one.slug === ref || one.id === ref);
    if (tenant) return tenant;
    throw new AppError("NotFound", `There is no tenant ${ref}.`, {
      retryable: false,
      next: "Look at the fleet; reading AWS again may show it.",
    });
  }

  async function windowOf(id: string): Promise<StoredWindow> {
    const window = await store.window(id);
    if (window) return window;
    throw new AppError("NotFound", `There is no maintenance window ${id}.`, {
      retryable: false,
      next: "Look at the calendar; it may have been planned in another console's database.",
    });
  }

  async function placeOf(
    draft: Pick<WindowDraft, "tenant" | "environment">,
    known?: { readonly everyone: readonly CalendarTenant[]; readonly profileFor: ProfileFinder },
  ): Promise<Place> {
    const tenant = await tenantOf(draft.tenant, known?.everyone);
    const environment = tenant.environments.find((one) => one.kind === draft.environment);
    if (!environment) {
      throw new AppError("InvalidInput", `${tenant.slug} has no ${draft.environment} environment.`, {
        retryable: false,
        tenant: tenant.slug,
        next: `Choose one of ${tenant.environments.map((one) => one.kind).join(", ")}.`,
      });
    }
    const zone = regionZone(environment.region);
    if (!zone) {
      throw new AppError("InvalidInput", `The time zone of the region ${environment.region} is not known.`, {
        retryable: false,
        tenant: tenant.slug,
        next: "Nothing was planned. The region has to be added to the table of zones.",
      });
    }
    const { region } = environment;
    const profileFor = known?.profileFor ?? (await ports.profiles());
    return { tenant, region, zone, customerZone: tenant.zone, profileAt: (at) => profileFor(tenant, at) };
  }

  function planOf(draft: WindowDraft, zone: string): Plan {
    const { kind, interrupts, impact, move } = draft;
    if (kind === "move" && !move) {
      throw new AppError("InvalidInput", "A move to another data centre needs its reason and the region it goes to.", {
        retryable: false,
        next: "Name both: the notice that is due follows from them (R41).",
      });
    }
    const startsAt = readStart(draft.startsAt, draft.zone ?? zone);
    return {
      ...{ kind, interrupts, impact, startsAt },
      endsAt: new Date(startsAt.getTime() + draft.minutes * MINUTE_MS),
      move: kind === "move" ? (move ?? null) : null,
    };
  }

  async function decision(
    place: Place,
    plan: Plan,
    overrides: WindowDraft["overrides"],
    read: Pick<Planning, "others" | "blackouts">,
    ownId?: string,
  ): Promise<Decision & { readonly profile: PolicyProfile }> {
    const now = ports.now();
    const profile = place.profileAt(plan.startsAt);
    const earlier = plan.startsAt < now ? plan.startsAt : now;
    const others = await read.others(place.tenant.id, earlier);
    const blackouts = await read.blackouts(place.tenant.id);
    const facts = { ...place, profile, now, blackouts, others: others.filter((one) => one.id !== ownId) };
    const decided = decide(plan, overrides, facts);
    const { earliest } = decided;
    const then = earliest && place.profileAt(earliest);
    // The first free day may lie where an exception has not begun, or has ended.
    if (!then || then.version === profile.version) return { ...decided, profile };
    return { ...decided, profile, earliest: earliestStart(plan, { ...facts, profile: then, now: earliest }) };
  }

  function refuseThePast(plan: Plan, slug: string): void {
    if (plan.startsAt >= ports.now()) return;
    throw new AppError("InvalidInput", `The start ${plan.startsAt.toISOString()} has passed.`, {
      retryable: false,
      tenant: slug,
      next: "Plan it for a later time; nothing was changed.",
    });
  }

  const written = (verdicts: readonly Verdict[], at: Date): Override[] =>
    verdicts.flatMap(({ rule, override }) => (override ? [{ rule, reason: override, by: ports.operator(), at }] : []));

  const profileOf = (
    profileFor: ProfileFinder,
    { tenantId, service, startsAt }: Pick<CalendarWindow, "tenantId" | "service" | "startsAt">,
  ): PolicyProfile => profileFor({ id: tenantId, service }, startsAt);

  const shown = (window: ListedWindow, notices: readonly Sending[], profileFor: ProfileFinder): CalendarWindow => ({
    ...window,
    state: window.state === "planned" && window.endsAt <= ports.now() ? "done" : window.state,
    notice: noticeStanding(profileOf(profileFor, window), window, notices),
  });

  async function shownOne(window: StoredWindow): Promise<CalendarWindow> {
    const { profile: _profile, verdicts: _verdicts, overrides: _overrides, ...listed } = window;
    return shown(listed, await store.notices([window.id]), await ports.profiles());
  }

  async function shownNotice(
    window: ListedWindow,
    notice: StoredNotice,
    sending?: StoredSending,
    all?: readonly StoredNotice[],
  ): Promise<WindowNotice> {
    const profile = profileOf(await ports.profiles(), window);
    const heard = lastHeard(window, all ?? (await store.notices([window.id])));
    return {
      ...notice,
      attempt: notice.state === "sent" ? null : sender.attemptOf(sending),
      provenInTime: heard.some(({ id }) => id === notice.id) && provesNotice(profile, window, notice),
    };
  }

  async function shownNotices(window: StoredWindow): Promise<WindowNotice[]> {
    const notices = await store.notices([window.id]);
    const sendings = await store.lastSendings(notices.map(({ id }) => id));
    return Promise.all(notices.map((one) => shownNotice(window, one, sendings.get(one.id), notices)));
  }

  /** The very bytes that left, where this console has them. */
  async function sentMessage(window: CalendarWindow, notice: StoredNotice): Promise<ExportedFile> {
    const { fileName, sha256 } = notice.proof!;
    const text = await readFile(messageFileOf(ports.messages, fileName.replace(/\.eml$/, ""))).catch(() => undefined);
    if (text && createHash("sha256").update(text).digest("hex") === sha256)
      return { ...messageName(window, notice), text: text.toString("utf8") };
    throw new AppError(
      "NotFound",
      `The message that was sent to ${window.slug} is not in the home folder of this console.`,
      {
        ...{ retryable: false, tenant: window.slug, fileName, sha256 },
        next: "Ask the console that sent it; its file has the hash that is recorded here.",
      },
    );
  }

  async function read(input: { from: Date; to: Date; tenant?: string | undefined }) {
    if (input.to <= input.from || input.to.getTime() - input.from.getTime() > MAX_RANGE_MS) {
      throw new AppError("InvalidInput", "The range is empty, or longer than 400 days.", {
        retryable: false,
        next: "Ask for a year or less at once.",
      });
    }
    const everyone = await ports.tenants();
    const tenant = input.tenant === undefined ? undefined : await tenantOf(input.tenant);
    const [windows, blackouts, profileFor, trains] = await Promise.all([
      store.list(input.from, input.to, tenant?.id),
      store.blackouts(tenant?.id),
      ports.profiles(),
      ports.trains(dayAround(input.from, -1), dayAround(input.to, 2)),
    ]);
    const byWindow = await store.sendings(windows.map((one) => one.id));
    return {
      windows: windows.map((one) => shown(one, byWindow.get(one.id) ?? [], profileFor)),
      recurring: recurringWindows(tenant ? [tenant] : everyone, windows, input, profileFor, trains),
      blackouts,
    };
  }

  async function planOne(id: string, draft: WindowDraft, place: Place): Promise<StoredWindow> {
    const plan = planOf(draft, place.zone);
    const { tenant } = place;
    refuseThePast(plan, tenant.slug);
    return store.planning(tenant.id, async (db) => {
      const existing = await db.window(id);
      if (existing) return existing;
      const decided = await decision(place, plan, draft.overrides, db);
      if (!decided.allowed) throw refusal(tenant.slug, decided);
      const at = ports.now();
      const planned: StoredWindow = {
        ...plan,
        ...{ id, tenantId: tenant.id, slug: tenant.slug, customer: tenant.customer },
        ...{ service: tenant.service, environment: draft.environment, title: draft.title },
        ...{ region: place.region, zone: place.zone, customerZone: place.customerZone },
        ...{ state: "planned", createdBy: ports.operator(), createdAt: at, sequence: 0 },
        profile: { id: decided.profile.id, version: decided.profile.version },
        verdicts: decided.verdicts,
        overrides: written(decided.verdicts, at),
      };
      await db.insert(planned);
      await db.record(changeOf(id, planned, "schedule", null));
      return planned;
    });
  }

  /** Does `act` for each tenant at its place in the wave, one after the other; a refusal is a row, not the end. */
  async function wave(
    { tenants, firstDay, timeOfDay, concurrency, canary, ...shared }: WaveDraft,
    act: (draft: WindowDraft, place: Place) => Promise<Pick<WaveRow, "startsAt" | "outcome" | "windowId">>,
  ): Promise<Wave> {
    const [everyone, profileFor] = await Promise.all([ports.tenants(), ports.profiles()]);
    const idOf = (ref: string) => everyone.find((one) => one.slug === ref || one.id === ref)?.id ?? ref;
    const places = spreadWave(tenants.map(idOf), { firstDay, concurrency, ...(canary && { canary: idOf(canary) }) });
    const rows: WaveRow[] = [];
    for (const { tenant: ref, night, day } of places) {
      const tenant = everyone.find(({ id }) => id === ref);
      const draft: WindowDraft = { ...shared, tenant: ref, startsAt: `${day}T${timeOfDay}` };
      const row = { tenant: tenant?.slug ?? ref, customer: tenant?.customer ?? null, night };
      let zone: string | null = null;
      try {
        const place = await placeOf(draft, { everyone, profileFor });
        zone = place.zone;
        const done = await act(draft, place);
        rows.push({ ...row, zone, ...done, verdicts: [], earliest: null, problem: null });
      } catch (error) {
        const { code, message, details } = errorFacts(error);
        if (code !== "RefusedByRule" && code !== "InvalidInput" && code !== "NotFound") throw error;
        const isRule = code === "RefusedByRule";
        rows.push({
          ...{ ...row, zone, startsAt: zone && isRule ? readStart(draft.startsAt, zone) : null, outcome: "refused" },
          verdicts: isRule ? (details["verdicts"] as WaveRow["verdicts"]) : [],
          earliest: details.earliest === undefined ? null : new Date(details.earliest),
          ...{ problem: isRule ? null : message, windowId: null },
        });
      }
    }
    const count = (outcome: WaveRow["outcome"]) => rows.filter((one) => one.outcome === outcome).length;
    return { rows, counts: { allowed: count("allowed"), planned: count("planned"), refused: count("refused") } };
  }

  const router = {
    list: os.list.handler(({ input }) => read(input)),

    get: os.get.handler(async ({ input }): Promise<WindowDetails> => {
      const window = await windowOf(input.windowId);
      const [one, changes] = await Promise.all([shownOne(window), store.changes(window.id)]);
      const { profile, verdicts, overrides } = window;
      return {
        ...one,
        ...{ profile, verdicts: [...verdicts], overrides: [...overrides] },
        changes: changes.map(({ requestId: _requestId, windowId: _windowId, ...change }) => change),
        noticeDueAt: noticeDueAt(profileOf(await ports.profiles(), window), window),
        contacts: [...(await ports.contacts(window.tenantId))],
        canMail: ports.mail.isReady(),
      };
    }),

    check: os.check.handler(async ({ input }): Promise<WindowCheck> => {
      const place = await placeOf(input);
      const plan = planOf(input, place.zone);
      refuseThePast(plan, place.tenant.slug);
      const decided = await decision(place, plan, input.overrides, store, input.windowId);
      const { zone, customerZone } = place;
      const { profile, ...answer } = decided;
      return {
        ...{ startsAt: plan.startsAt, endsAt: plan.endsAt, zone, customerZone },
        ...{ ...answer, verdicts: [...answer.verdicts] },
        profile: { id: profile.id, version: profile.version },
      };
    }),

    schedule: os.schedule.handler(async ({ input }) => {
      const { requestId, ...draft } = input;
      const known = await store.window(requestId);
      if (known) return shownOne(known);
      const window = await planOne(requestId, draft, await placeOf(draft));
      ports.changed();
      return shownOne(window);
    }),

    checkMany: os.checkMany.handler(({ input }) =>
      wave(input, async (draft, place) => {
        const plan = planOf(draft, place.zone);
        refuseThePast(plan, place.tenant.slug);
        const decided = await decision(place, plan, draft.overrides, store);
        if (!decided.allowed) throw refusal(place.tenant.slug, decided);
        return { startsAt: plan.startsAt, outcome: "allowed", windowId: null };
      }),
    ),

    scheduleMany: os.scheduleMany.handler(async ({ input }) => {
      const planned = await wave(input, async (draft, place) => {
        const id = stableId(`${input.requestId}/${place.tenant.id}`);
        const window = (await store.window(id)) ?? (await planOne(id, draft, place));
        return { startsAt: window.startsAt, outcome: "planned", windowId: window.id };
      });
      ports.changed();
      return planned;
    }),

    overrides: os.overrides.handler(async ({ input }) => {
      const tenant = input.tenant === undefined ? undefined : await tenantOf(input.tenant);
      const overrides = await store.overrides(input.from, input.to, tenant?.id);
      return {
        overrides,
        byRule: counted(overrides.map(({ rule }) => rule)).map(([rule, count]) => ({ rule, count })),
        byPerson: counted(overrides.map(({ by }) => by)).map(([by, count]) => ({ by, count })),
      };
    }),

    move: os.move.handler(async ({ input }) => {
      const old = await windowOf(input.windowId);
      const place = await placeOf({ tenant: old.tenantId, environment: old.environment });
      const moved = await store.planning(old.tenantId, async (db) => {
        const current = (await db.window(old.id)) ?? old;
        if (await db.isDone(input.requestId)) return current;
        refuseUnlessOpen(current, "moved");
        const minutes =
          input.minutes ?? Math.round((current.endsAt.getTime() - current.startsAt.getTime()) / MINUTE_MS);
        const plan = planOf(draftOf(current, { ...input, minutes }), current.zone);
        refuseThePast(plan, current.slug);
        const decided = await decision(place, plan, input.overrides, db, current.id);
        if (!decided.allowed) throw refusal(current.slug, decided);
        const at = ports.now();
        const window: StoredWindow = {
          ...current,
          ...{ startsAt: plan.startsAt, endsAt: plan.endsAt, sequence: current.sequence + 1 },
          profile: { id: decided.profile.id, version: decided.profile.version },
          verdicts: decided.verdicts,
          overrides: [...current.overrides, ...written(decided.verdicts, at)],
        };
        await db.update(window);
        await db.record(changeOf(input.requestId, window, "move", null));
        return window;
      });
      ports.changed();
      return shownOne(moved);
    }),

    cancel: os.cancel.handler(async ({ input }) => {
      const old = await windowOf(input.windowId);
      const cancelled = await store.planning(old.tenantId, async (db) => {
        const current = (await db.window(old.id)) ?? old;
        if ((await db.isDone(input.requestId)) || current.state === "cancelled") return current;
        refuseUnlessOpen(current, "cancelled");
        const window: StoredWindow = { ...current, state: "cancelled", sequence: current.sequence + 1 };
        await db.update(window);
        await db.record(changeOf(input.requestId, window, "cancel", input.reason));
        return window;
      });
      ports.changed();
      return shownOne(cancelled);
    }),

    feed: os.feed.handler(async ({ input }) => {
      const { windows, recurring } = await read(input);
      const days = [input.from, input.to].map((one) => one.toISOString().slice(0, 10));
      return feedFile(
        windows,
        recurring,
        ["fleetwright", ...(windows[0] && input.tenant ? [windows[0].slug] : []), ...days].join("-"),
      );
    }),

    notices: {
      ledger: os.notices.ledger.handler(async ({ input }): Promise<NoticeDuty[]> => {
        const { windows } = await read(input);
        const profileFor = await ports.profiles();
        const sendings = await store.sendings(windows.map(({ id }) => id));
        const owners = [...new Set(windows.map(({ tenantId }) => tenantId))];
        const contacts = new Map(
          await Promise.all(owners.map(async (id) => [id, (await ports.contacts(id)).length] as const)),
        );
        const duties = windows.flatMap((window): NoticeDuty[] => {
          const due = noticeDueAt(profileOf(profileFor, window), window);
          const entries = sendings.get(window.id) ?? [];
          if (due === null && entries.length === 0) return [];
          const told =
            announcing(window, entries) ??
            entries
              .filter(({ sentAt }) => sentAt)
              .toSorted(byNewest)
              .at(0) ??
            null;
          const sent = told && {
            ...{ at: told.sentAt!, by: told.sentBy ?? "", language: told.language },
            proof: told.proof?.smtp ? ("smtp" as const) : ("file" as const),
          };
          return [{ ...window, noticeDueAt: due, sent, contacts: contacts.get(window.tenantId) ?? 0 }];
        });
        const deadline = (duty: NoticeDuty) => (duty.noticeDueAt ?? duty.startsAt).getTime();
        return duties.toSorted((one, other) => deadline(one) - deadline(other));
      }),

      list: os.notices.list.handler(async ({ input }) => {
        return shownNotices(await windowOf(input.windowId));
      }),

      draft: os.notices.draft.handler(async ({ input }) => {
        const window = await windowOf(input.windowId);
        const one = await shownOne(window);
        const earlier = await store.notices([window.id]);
        const replaces = earlier.some(
          ({ state, startsAt, endsAt }) =>
            state === "sent" &&
            (startsAt.getTime() !== window.startsAt.getTime() || endsAt.getTime() !== window.endsAt.getTime()),
        );
        const draft = await store.keepDraft({
          id: randomUUID(),
          ...{ windowId: window.id, tenantId: window.tenantId, language: input.language },
          ...noticeText(one, input.language, replaces, await templates.of(templateKindOf(one), input.language)),
          ...{ startsAt: window.startsAt, endsAt: window.endsAt, state: "draft" },
          ...{ createdAt: ports.now(), createdBy: ports.operator(), sentAt: null, sentBy: null, proof: null },
        });
        ports.changed();
        return shownNotice(window, draft);
      }),

      export: os.notices.export.handler(async ({ input }) => {
        const notice = await noticeOf(input.noticeId);
        // A notice that was sent tells the times that it told then.
        const { startsAt, endsAt } = notice;
        const window = { ...(await shownOne(await windowOf(notice.windowId))), startsAt, endsAt };
        if (input.format === "ics") return windowFile(window, notice.language, notice);
        return notice.proof?.smtp ? sentMessage(window, notice) : messageFile(window, notice);
      }),

      send: os.notices.send.handler(async ({ input }) => {
        const notice = await noticeOf(input.noticeId);
        const window = await windowOf(notice.windowId);
        const changedAt = (await store.changes(window.id)).at(-1)?.at ?? window.createdAt;
        try {
          await sender.send({ ...input, notice, window: await shownOne(window), changedAt });
        } finally {
          ports.changed();
        }
        return shownNotice(window, await noticeOf(notice.id));
      }),

      markSent: os.notices.markSent.handler(async ({ input }) => {
        const notice = await noticeOf(input.noticeId);
        const window = await windowOf(notice.windowId);
        const now = ports.now();
        const sentAt = input.sentAt ?? now;
        if (sentAt.getTime() > now.getTime() + SKEW_MS || sentAt < notice.createdAt) {
          throw new AppError(
            "InvalidInput",
            `A notice drafted at ${notice.createdAt.toISOString()} cannot have been sent at ${sentAt.toISOString()}.`,
            { retryable: false, tenant: window.slug, next: "Give the time at which it left, as the message tells it." },
          );
        }
        const sending = { sentAt, sentBy: ports.operator(), recordedAt: now, proof: input.proof };
        const sent = (await store.markSent(notice.id, sending)) ?? (await noticeOf(notice.id));
        if (sent.proof?.sha256 !== input.proof.sha256) {
          throw new AppError("Conflict", `The notice of ${window.slug} is recorded as sent with another file.`, {
            retryable: false,
            tenant: window.slug,
            next: "A sent entry never changes. Draft a further notice if another message was sent.",
          });
        }
        ports.changed();
        return shownNotice(window, sent);
      }),
    },

    templates: {
      list: os.templates.list.handler(() => templates.list()),
      preview: os.templates.preview.handler(({ input }) => templates.preview(input)),

      set: os.templates.set.handler(async ({ input }) => {
        const kept = await templates.set(input);
        ports.changed();
        return kept;
      }),

      reset: os.templates.reset.handler(async ({ input }) => {
        await store.resetTemplate(input);
        ports.changed();
        return templates.shipped(input.kind, input.language);
      }),
    },

    blackouts: {
      list: os.blackouts.list.handler(() => store.blackouts()),

      add: os.blackouts.add.handler(async ({ input }) => {
        const { requestId, firstDay, lastDay, title } = input;
        if (lastDay < firstDay) {
          throw new AppError("InvalidInput", `The last day ${lastDay} lies before the first, ${firstDay}.`, {
            retryable: false,
            next: "Swap the two days.",
          });
        }
        const tenant = input.tenant === undefined ? null : await tenantOf(input.tenant);
        const added = await store.addBlackout(
          {
            ...{ id: requestId, tenantId: tenant?.id ?? null, slug: tenant?.slug ?? null },
            ...{ firstDay, lastDay, title, createdBy: ports.operator() },
          },
          ports.now(),
        );
        ports.changed();
        return added;
      }),

      remove: os.blackouts.remove.handler(async ({ input }) => {
        const removed = await store.removeBlackout(input.blackoutId);
        if (removed) ports.changed();
        return { removed };
      }),
    },
  };

  async function noticeOf(id: string): Promise<StoredNotice> {
    const notice = await store.notice(id);
    if (notice) return notice;
    throw new AppError("NotFound", `There is no notice ${id}.`, {
      retryable: false,
      next: "List the notices of the window; a newer draft may have taken its place.",
    });
  }

  function changeOf(
    requestId: string,
    window: StoredWindow,
    act: "schedule" | "move" | "cancel",
    reason: string | null,
  ) {
    const { startsAt, endsAt } = window;
    return { requestId, windowId: window.id, act, at: ports.now(), by: ports.operator(), startsAt, endsAt, reason };
  }

  function refuseUnlessOpen(window: StoredWindow, act: string): void {
    const over = window.state === "cancelled" ? "was cancelled" : window.startsAt <= ports.now() ? "has begun" : null;
    if (!over) return;
    throw new AppError("Conflict", `The window of ${window.slug} ${over} and cannot be ${act} any more.`, {
      retryable: false,
      tenant: window.slug,
      next: "Plan another one; what happened stays on record.",
    });
  }

  /** Planned windows of a tenant that have not ended, of the next 400 days. */
  async function plannedWork(tenantId: string) {
    const now = ports.now();
    const windows = await store.list(now, new Date(now.getTime() + MAX_RANGE_MS), tenantId);
    return windows
      .filter((one) => one.state === "planned")
      .map(({ environment, kind, title, startsAt, endsAt }) => ({ environment, kind, title, startsAt, endsAt }));
  }

  /** The window with when its notice was proven; null while no entry of the ledger proves it. */
  async function openWindow(window: ListedWindow): Promise<OpenWindow> {
    const profile = profileOf(await ports.profiles(), window);
    const heard = lastHeard(window, await store.notices([window.id]));
    const proving = heard.filter((one) => provesNotice(profile, window, one));
    const { id, title, startsAt, endsAt } = window;
    return {
      id,
      title,
      startsAt,
      endsAt,
      kind: MaintenanceKind.parse(window.kind),
      announcedAt: proving[0]?.sentAt ?? null,
    };
  }

  return {
    router,
    plannedWork,
    nextStarts: () => store.nextStarts(ports.now()),

    /** The planned window of an environment that is open now; of several the one that ends last. */
    async openAt(tenantId: string, kind: EnvironmentKind): Promise<OpenWindow | null> {
      const now = ports.now();
      const listed = await store.list(now, new Date(now.getTime() + 1), tenantId);
      const open = listed
        .filter(
          (one) => one.state === "planned" && one.environment === kind && MaintenanceKind.safeParse(one.kind).success,
        )
        .toSorted((a, b) => a.endsAt.getTime() - b.endsAt.getTime())
        .at(-1);
      return open ? openWindow(open) : null;
    },

    /**
     * What production's windows earn by contract: with whose they are and the first entry of the ledger that was sent
     * with proof and names their present times. Range and look-back as in `sinceWeeks`.
     */
    async noticed(from: Date, to: Date, weeks: number, tenantIds: readonly string[] | null) {
      const windows = await store.sinceWeeks(from, to, weeks, tenantIds);
      // Those of the weeks before only use up what is allowed.
      const sendings = await store.sendings(windows.flatMap(({ id, endsAt }) => (endsAt > from ? [id] : [])));
      return windows.flatMap((window) => {
        const kind = MaintenanceKind.safeParse(window.kind);
        const proof = announcing(window, sendings.get(window.id) ?? []);
        return kind.success ? [{ ...window, kind: kind.data, proof }] : [];
      });
    },

    /** A planned window by its id, with whose it is. */
    async planned(windowId: string): Promise<PlannedWindow> {
      const window = await windowOf(windowId);
      const { tenantId, environment, state } = window;
      return { ...(await openWindow(window)), tenantId, environment, cancelled: state === "cancelled" };
    },
  };
}

/** A day that is certainly before or after the instant in any zone. */
const dayAround = (at: Date, days: number): string => new Date(at.getTime() + days * DAY_MS).toISOString().slice(0, 10);

/** Most first. */
const counted = (names: readonly string[]): (readonly [string, number])[] =>
  [...new Set(names)]
    .map((name) => [name, names.filter((one) => one === name).length] as const)
    .toSorted((a, b) => b[1] - a[1]);

/** The window as the plan that it would be at another time. */
function draftOf(
  window: StoredWindow,
  change: Pick<WindowDraft, "startsAt" | "minutes" | "overrides"> & { readonly zone?: string | undefined },
): WindowDraft {
  return {
    ...{ tenant: window.tenantId, environment: window.environment, kind: MaintenanceKind.parse(window.kind) },
    ...{ title: window.title, interrupts: window.interrupts, impact: window.impact },
    ...(window.move && { move: window.move }),
    ...{ startsAt: change.startsAt, minutes: change.minutes, overrides: change.overrides },
    ...(change.zone !== undefined && { zone: change.zone }),
  };
}

/** The first rule that stands in the way, all of them in the details. */
function refusal(slug: string, { verdicts, earliest }: Decision): AppError {
  const standing = standingRefusals(verdicts);
  const first = standing[0]!;
  const from = earliest?.toISOString() ?? first.earliest;
  return new AppError("RefusedByRule", `${first.rule}: ${first.reason}`, {
    retryable: false,
    tenant: slug,
    rule: first.rule,
    ...(from && { earliest: from }),
    verdicts: standing,
    next: standing.every((one) => one.overridable)
      ? "Choose a later start, or record a reason for each refusal that may be overridden."
      : "Change the plan; nothing was kept.",
  });
}
