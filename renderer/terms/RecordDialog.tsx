import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  NumberInput,
  Select,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { DateInput } from "@mantine/dates";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { IconTrash } from "@tabler/icons-react";
import { createContext, useContext, useState } from "react";
import {
  CONTRACT_NUMBERS,
  type ContractNumberName,
  type ContractTerms,
  type RetentionTier,
  TermsEntry,
} from "../../shared/terms/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Dialog } from "../ui/Dialog.tsx";
import type { FactKind } from "./words.ts";

/** Whose contract the form is about. */
const TenantSlug = createContext("");

/** What is recorded: one kind of fact, a new exception, or the withdrawal of one. */
export type Recording = FactKind | "exception" | { readonly withdraw: string };

interface Props {
  readonly terms: ContractTerms;
  readonly recording: Recording | null;
  readonly onClose: () => void;
}

const kindOf = (recording: Recording) => (typeof recording === "string" ? recording : "exception-end");

/** Records one fact, with the reason that others can follow. */
export function RecordDialog({ terms, recording, onClose }: Props) {
  const { t } = useWords();
  const what = recording === null ? "" : t(`terms.fact.${kindOf(recording)}`);
  return (
    <Dialog opened={recording !== null} onClose={onClose} title={t("terms.recordOf", { what })}>
      {recording !== null && <RecordForm terms={terms} recording={recording} onClose={onClose} />}
    </Dialog>
  );
}

interface FormProps extends Props {
  readonly recording: Recording;
}

function RecordForm({ terms, recording, onClose }: FormProps) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [requestId] = useState(() => crypto.randomUUID()); // one intent, however often it is sent
  const [draft, setDraft] = useState<unknown>(() => initialOf(terms, recording));
  const [reason, setReason] = useState("");
  const entry = TermsEntry.safeParse(draft);
  const record = useMutation(
    api.terms.record.mutationOptions({
      onSuccess: () => {
        void cache.invalidateQueries({ queryKey: api.terms.key() });
        onClose();
      },
    }),
  );
  const ready = entry.success && reason.trim() !== "";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) record.mutate({ requestId, tenant: terms.slug, entry: entry.data, reason });
      }}
    >
      <Stack gap="sm">
        <TenantSlug value={terms.slug}>
          <EntryFields draft={draft as Draft} onChange={setDraft} />
        </TenantSlug>
        <Textarea
          label={t("terms.record.reason")}
          description={t("terms.record.reasonHint")}
          withAsterisk
          rows={2}
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {record.error && <Failure error={record.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" disabled={!ready} loading={record.isPending}>
            {t("terms.record")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** An entry that is being written: the form of its kind, with fields that may still be empty. */
interface Draft {
  readonly kind: TermsEntry["kind"];
  readonly on?: string | null;
  readonly good?: boolean;
  readonly held?: boolean;
  readonly flex?: boolean;
  readonly months?: number | null;
  readonly percent?: number | null;
  readonly tiers?: readonly Partial<RetentionTier>[];
  readonly addresses?: readonly string[];
  readonly rule?: string;
  readonly document?: string;
  readonly from?: string;
  readonly until?: string;
  readonly exceptionId?: string;
  readonly numbers?: Readonly<Record<string, unknown>>;
  readonly profileId?: string | null;
  readonly name?: ContractNumberName;
  readonly value?: number | boolean | null;
}

function initialOf({ facts, today }: ContractTerms, recording: Recording): Draft {
  if (typeof recording !== "string") return { kind: "exception-end", exceptionId: recording.withdraw };
  switch (recording) {
    case "notice":
    case "end":
    case "update":
    case "upgrade":
    case "copy-request":
    case "copy-delivery":
    case "deletion":
      return { kind: recording, on: today };
    case "standing":
      return { kind: "standing", good: !facts.goodStanding };
    case "flex":
      return { kind: "flex", flex: !facts.isFlex };
    case "hold":
      return { kind: "hold", held: !facts.legalHold };
    case "term":
      return { kind: "term", months: facts.termMonths ?? 12 };
    case "uptime":
      return { kind: "uptime", ...(facts.uptimePercent === null ? {} : { percent: facts.uptimePercent }) };
    case "tiers":
      return { kind: "tiers", tiers: facts.retentionTiers };
    case "contacts":
      return { kind: "contacts", addresses: facts.contacts };
    case "profile":
      return { kind: "profile", profileId: facts.profileId };
    case "from-contract":
      return {
        kind: "from-contract",
        name: "supportedReleases",
        value: facts.contractNumbers.supportedReleases ?? null,
      };
    case "exception":
      return { kind: "exception", rule: "", document: "", from: today, until: "", numbers: {} };
  }
}

interface FieldProps {
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
}

function EntryFields({ draft, onChange }: FieldProps) {
  const { t } = useWords();
  const edit = (part: Partial<Draft>) => onChange({ ...draft, ...part });
  const takeBack = (field: "on" | "months" | "percent") => (
    <Checkbox
      label={t("terms.record.takeBack")}
      description={t("terms.record.takeBackHint")}
      checked={draft[field] === null}
      onChange={(event) => {
        const { [field]: _left, ...rest } = draft;
        onChange(event.currentTarget.checked ? { ...rest, [field]: null } : rest);
      }}
    />
  );
  switch (draft.kind) {
    case "notice":
    case "end":
    case "update":
    case "upgrade":
    case "copy-request":
    case "copy-delivery":
    case "deletion":
      return (
        <>
          <DateInput
            label={t("terms.record.on")}
            {...(draft.kind === "end" && { description: t("terms.record.endHint") })}
            withAsterisk
            disabled={draft.on === null}
            value={draft.on ?? null}
            onChange={(on) => on && edit({ on })}
            data-autofocus
          />
          {takeBack("on")}
        </>
      );
    case "standing":
      return (
        <Select
          label={t("terms.fact.standing")}
          allowDeselect={false}
          value={draft.good ? "good" : "bad"}
          data={(["good", "bad"] as const).map((value) => ({ value, label: t(`terms.fact.standing.${value}`) }))}
          onChange={(value) => edit({ good: value === "good" })}
        />
      );
    case "flex":
      return (
        <Select
          label={t("terms.fact.flex")}
          allowDeselect={false}
          value={draft.flex ? "flex" : "automatic"}
          data={(["flex", "automatic"] as const).map((value) => ({ value, label: t(`terms.fact.flex.${value}`) }))}
          onChange={(value) => edit({ flex: value === "flex" })}
        />
      );
    case "hold":
      return (
        <Select
          label={t("terms.fact.hold")}
          allowDeselect={false}
          value={draft.held ? "held" : "none"}
          data={(["held", "none"] as const).map((value) => ({ value, label: t(`terms.fact.hold.${value}`) }))}
          onChange={(value) => edit({ held: value === "held" })}
        />
      );
    case "term":
      return (
        <>
          <NumberInput
            label={t("terms.record.months")}
            min={1}
            max={120}
            allowDecimal={false}
            disabled={draft.months === null}
            value={draft.months ?? ""}
            onChange={(months) => typeof months === "number" && edit({ months })}
          />
          {takeBack("months")}
        </>
      );
    case "uptime":
      return (
        <>
          <NumberInput
            label={t("terms.record.percent")}
            min={0}
            max={100}
            decimalScale={4}
            disabled={draft.percent === null}
            value={draft.percent ?? ""}
            onChange={(percent) => typeof percent === "number" && edit({ percent })}
          />
          {takeBack("percent")}
        </>
      );
    case "tiers":
      return <TierFields tiers={draft.tiers ?? []} onChange={(tiers) => edit({ tiers })} />;
    case "contacts":
      return (
        <TagsInput
          label={t("terms.record.addresses")}
          description={t("terms.record.addressesHint")}
          maxTags={20}
          value={[...(draft.addresses ?? [])]}
          onChange={(addresses) => edit({ addresses: addresses.map((one) => one.trim()) })}
          data-autofocus
        />
      );
    case "profile":
      return <ProfileField draft={draft} edit={edit} />;
    case "from-contract":
      return <ContractNumberFields draft={draft} edit={edit} />;
    case "exception":
      return <ExceptionFields draft={draft} edit={edit} />;
    case "exception-end":
      return null;
  }
}

function ExceptionFields({ draft, edit }: { readonly draft: Draft; readonly edit: (part: Partial<Draft>) => void }) {
  const { t } = useWords();
  return (
    <>
      <Group gap="xs" grow align="flex-start">
        <TextInput
          label={t("terms.record.rule")}
          placeholder={t("terms.record.ruleHint")}
          withAsterisk
          maxLength={4}
          value={draft.rule ?? ""}
          onChange={(event) => edit({ rule: event.currentTarget.value.trim().toUpperCase() })}
          data-autofocus
        />
        <TextInput
          label={t("terms.record.document")}
          withAsterisk
          maxLength={200}
          value={draft.document ?? ""}
          onChange={(event) => edit({ document: event.currentTarget.value })}
        />
      </Group>
      <Group gap="xs" grow align="flex-start">
        <DateInput
          label={t("terms.record.from")}
          withAsterisk
          value={draft.from || null}
          onChange={(from) => edit({ from: from ?? "" })}
        />
        <DateInput
          label={t("terms.record.until")}
          withAsterisk
          value={draft.until || null}
          onChange={(until) => edit({ until: until ?? "" })}
        />
      </Group>
      <NumberFields draft={draft} edit={edit} />
    </>
  );
}

interface EditProps {
  readonly draft: Draft;
  readonly edit: (part: Partial<Draft>) => void;
}

/** The numbers that the rule has in this tenant's profile, each with a place for another one. */
function NumberFields({ draft, edit }: EditProps) {
  const { t } = useWords();
  const api = useApi();
  const profiles = useQuery(api.terms.profiles.queryOptions());
  const slug = useContext(TenantSlug);
  const bound = profiles.data?.find(({ tenants }) => tenants.some((one) => one.slug === slug));
  const numbers = bound?.numbers.filter(({ rule }) => rule === draft.rule) ?? [];
  if (numbers.length === 0) return null;
  const { numbers: given = {} } = draft;
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        {t("terms.record.numbersHint")}
      </Text>
      {numbers.map(({ path, value }) => (
        <TextInput
          key={path}
          size="xs"
          label={path}
          placeholder={value}
          onChange={(event) => {
            const { [path]: _before, ...others } = given;
            const text = event.currentTarget.value.trim();
            edit({ numbers: text === "" ? others : { ...others, [path]: valueOf(text, value) } });
          }}
        />
      ))}
    </Stack>
  );
}

/** Written as the profile shows it: a number, a switch, a text, or a list with commas. */
function valueOf(text: string, before: string): unknown {
  const one = (part: string) => (part !== "" && !Number.isNaN(Number(part)) ? Number(part) : part);
  if (before === "true" || before === "false") return text === "true" ? true : text === "false" ? false : text;
  return text.includes(",") || before.includes(", ") ? text.split(",").map((part) => one(part.trim())) : one(text);
}

function ProfileField({ draft, edit }: EditProps) {
  const { t } = useWords();
  const api = useApi();
  const profiles = useQuery(api.terms.profiles.queryOptions());
  const own = profiles.data?.filter(({ added }) => added !== null) ?? [];
  return (
    <Select
      label={t("terms.fact.profile")}
      clearable
      placeholder={t("terms.fact.profile.service")}
      value={draft.profileId ?? null}
      data={own.map(({ id, name, version }) => ({ value: id, label: `${name} (${id} ${version})` }))}
      onChange={(profileId) => edit({ profileId })}
    />
  );
}

function ContractNumberFields({ draft, edit }: EditProps) {
  const { t } = useWords();
  const isSwitch = draft.name === "emergencyMinutesExcluded";
  return (
    <>
      <Select
        label={t("terms.column.number")}
        allowDeselect={false}
        value={draft.name ?? null}
        data={CONTRACT_NUMBERS.map((value) => ({ value, label: t(`terms.contractNumber.${value}`) }))}
        onChange={(name) =>
          edit({ name: CONTRACT_NUMBERS.find((one) => one === name) ?? "supportedReleases", value: null })
        }
      />
      {isSwitch ? (
        <Checkbox
          label={t("terms.contractNumber.emergencyMinutesExcluded")}
          checked={draft.value === true}
          onChange={(event) => edit({ value: event.currentTarget.checked })}
        />
      ) : (
        <NumberInput
          label={t("terms.column.value")}
          description={t("terms.record.emptyTakesBack")}
          min={0}
          allowDecimal={false}
          value={typeof draft.value === "number" ? draft.value : ""}
          onChange={(value) => edit({ value: typeof value === "number" ? value : null })}
        />
      )}
    </>
  );
}

interface TierProps {
  readonly tiers: readonly Partial<RetentionTier>[];
  readonly onChange: (tiers: readonly Partial<RetentionTier>[]) => void;
}

function TierFields({ tiers, onChange }: TierProps) {
  const { t } = useWords();
  const edit = (index: number, part: Partial<RetentionTier>) =>
    onChange(tiers.map((tier, at) => (at === index ? { ...tier, ...part } : tier)));
  return (
    <Stack gap="xs">
      {tiers.map((tier, index) => {
        const place = { index: index + 1 };
        return (
          // Rows have no other name than their place: they are edited, not moved.
          <Group key={index} gap="xs" align="flex-end" wrap="nowrap">
            <TextInput
              label={t("terms.record.tierName", place)}
              maxLength={60}
              value={tier.name ?? ""}
              onChange={(event) => edit(index, { name: event.currentTarget.value })}
            />
            <NumberInput
              label={t("terms.record.tierHours", place)}
              min={1}
              value={tier.everyHours ?? ""}
              onChange={(everyHours) => typeof everyHours === "number" && edit(index, { everyHours })}
            />
            <NumberInput
              label={t("terms.record.tierDays", place)}
              min={1}
              allowDecimal={false}
              value={tier.keepDays ?? ""}
              onChange={(keepDays) => typeof keepDays === "number" && edit(index, { keepDays })}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={t("terms.record.tierRemove", place)}
              onClick={() => onChange(tiers.filter((_, at) => at !== index))}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        );
      })}
      <Button variant="default" size="xs" disabled={tiers.length >= 20} onClick={() => onChange([...tiers, {}])}>
        {t("terms.record.tierAdd")}
      </Button>
    </Stack>
  );
}
