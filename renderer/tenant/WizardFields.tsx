import {
  Autocomplete,
  NumberInput,
  SegmentedControl,
  Select,
  SimpleGrid,
  Switch,
  TagsInput,
  Text,
  TextInput,
} from "@mantine/core";
import { DateInput } from "@mantine/dates";
import { profileOf } from "../../shared/policy/profiles.ts";
import { EDITIONS, type ProvisionOptions, SERVICES } from "../../shared/tenant/model.ts";
import { useWords } from "../app/i18n/index.ts";
import { mebibytes } from "../ui/format.ts";
import { bySize, type Draft, editionsOf, imagesOf, type Order, secondKind, type WizardStep } from "./draft.ts";

export interface FieldProps {
  readonly draft: Draft;
  /** The draft with its defaults: what the fields show. */
  readonly order: Order;
  readonly options: ProvisionOptions;
  readonly change: (part: Partial<Draft>) => void;
  /** Why a field of the order is not right yet, in words. */
  readonly issue: (field: string) => string | undefined;
  readonly activationKey: string;
  readonly onActivationKey: (key: string) => void;
}

export function WizardFields({ step, ...fields }: FieldProps & { readonly step: Exclude<WizardStep, "plan"> }) {
  switch (step) {
    case "customer":
      return <CustomerFields {...fields} />;
    case "environments":
      return <EnvironmentFields {...fields} />;
    case "address":
      return <AddressFields {...fields} />;
    case "licence":
      return <LicenceFields {...fields} />;
  }
}

const columns = { base: 1, sm: 2 };

function CustomerFields({ draft, order, change, issue }: FieldProps) {
  const { t } = useWords();
  return (
    <SimpleGrid cols={1} spacing="sm">
      <TextInput
        label={t("wizard.customer")}
        description={t("wizard.customerHint")}
        withAsterisk
        maxLength={80}
        value={draft.customer}
        error={issue("customer")}
        onChange={(event) => change({ customer: event.currentTarget.value })}
        data-screen-filter
      />
      <div>
        <Text size="sm" fw={500} component="div" id="wizard-service" mb={2}>
          {t("wizard.service")}
        </Text>
        <SegmentedControl
          aria-labelledby="wizard-service"
          value={draft.service}
          onChange={(service) =>
            change({
              service: SERVICES.find((one) => one === service) ?? "openbravo",
              // These depend on the service: back to what fits the new one.
              edition: null,
              version: null,
              users: null,
              posTerminals: null,
            })
          }
          data={SERVICES.map((service) => ({ value: service, label: t(`service.${service}`) }))}
        />
      </div>
      <Select
        label={t("wizard.edition")}
        allowDeselect={false}
        value={order.edition}
        error={issue("edition")}
        data={editionsOf(draft.service).map((edition) => ({ value: edition, label: t(`edition.${edition}`) }))}
        onChange={(edition) => change({ edition: EDITIONS.find((one) => one === edition) ?? null })}
      />
    </SimpleGrid>
  );
}

function EnvironmentFields({ draft, order, options, change, issue }: FieldProps) {
  const { t, language } = useWords();
  const images = imagesOf(options, draft.service, order.region);
  const sizes = options.sizes.toSorted(bySize).map((size) => ({
    value: size.instanceType,
    label: t("wizard.sizeOption", {
      type: size.instanceType,
      vcpus: size.vcpus,
      memory: mebibytes(size.memoryMiB, language),
    }),
  }));
  const kind = t(`kind.${secondKind(draft.service)}`);
  const [production, second] = order.environments;
  return (
    <SimpleGrid cols={columns} spacing="sm">
      <Select
        label={t("wizard.version")}
        description={t("wizard.versionHint")}
        allowDeselect={false}
        value={order.version || null}
        placeholder={images.length ? "" : t("wizard.noImages", { region: order.region })}
        error={issue("version")}
        data={images.map(({ version, support }) => ({
          value: version,
          label: `${version} (${t(`support.${support.state}`)})`,
        }))}
        onChange={(version) => change({ version })}
      />
      <span />
      <Select
        label={t("wizard.productionSize")}
        allowDeselect={false}
        searchable
        value={production?.instanceType || null}
        data={sizes}
        onChange={(productionType) => change({ productionType })}
      />
      <NumberInput
        label={t("wizard.productionDisk")}
        min={1}
        max={16384}
        allowDecimal={false}
        value={production?.volumeGiB ?? ""}
        onChange={(value) => change({ productionGiB: typeof value === "number" ? value : null })}
      />
      <Switch
        label={t("wizard.withSecond", { kind })}
        description={t("wizard.secondHint")}
        checked={draft.withSecond}
        onChange={(event) => change({ withSecond: event.currentTarget.checked })}
      />
      <span />
      {draft.withSecond && (
        <>
          <Select
            label={t("wizard.secondSize", { kind })}
            allowDeselect={false}
            searchable
            value={second?.instanceType || null}
            data={sizes}
            onChange={(secondType) => change({ secondType })}
          />
          <NumberInput
            label={t("wizard.secondDisk", { kind })}
            min={1}
            max={16384}
            allowDecimal={false}
            value={second?.volumeGiB ?? ""}
            onChange={(value) => change({ secondGiB: typeof value === "number" ? value : null })}
          />
        </>
      )}
      {issue("environments") && (
        <Text size="sm" c="red">
          {issue("environments")}
        </Text>
      )}
    </SimpleGrid>
  );
}

function AddressFields({ draft, order, options, change, issue }: FieldProps) {
  const { t } = useWords();
  const account = options.accounts.find(({ id }) => id === order.accountId);
  const url = `https://${order.prefix || "…"}.${profileOf(draft.service).domain.suffix}`;
  return (
    <SimpleGrid cols={columns} spacing="sm">
      <Select
        label={t("wizard.account")}
        allowDeselect={false}
        value={order.accountId || null}
        error={issue("accountId")}
        data={options.accounts.map(({ id, name }) => ({ value: id, label: name }))}
        onChange={(accountId) => change({ accountId, region: null })}
      />
      <Select
        label={t("wizard.region")}
        allowDeselect={false}
        value={order.region || null}
        error={issue("region")}
        data={[...(account?.regions ?? [])]}
        onChange={(region) => change({ region })}
      />
      <TextInput
        label={t("wizard.prefix")}
        description={t("wizard.prefixHint", { url })}
        withAsterisk
        maxLength={63}
        spellCheck={false}
        value={order.prefix}
        error={issue("prefix")}
        onChange={(event) => change({ prefix: event.currentTarget.value })}
      />
      <TagsInput
        label={t("wizard.sshFrom")}
        description={t("wizard.sshFromHint")}
        value={[...draft.sshFrom]}
        error={issue("sshFrom")}
        onChange={(sshFrom) => change({ sshFrom })}
      />
    </SimpleGrid>
  );
}

const ZONES = Intl.supportedValuesOf("timeZone");

function LicenceFields({ order, options, change, issue, activationKey, onActivationKey }: FieldProps) {
  const { t } = useWords();
  return (
    <SimpleGrid cols={columns} spacing="sm">
      <NumberInput
        label={t("wizard.users")}
        min={0}
        max={1_000_000}
        allowDecimal={false}
        value={order.users}
        error={issue("users")}
        onChange={(value) => change({ users: typeof value === "number" ? value : null })}
      />
      <NumberInput
        label={t("wizard.posTerminals")}
        min={0}
        max={1_000_000}
        allowDecimal={false}
        value={order.posTerminals}
        error={issue("posTerminals")}
        onChange={(value) => change({ posTerminals: typeof value === "number" ? value : null })}
      />
      <DateInput
        valueFormat="YYYY-MM-DD"
        label={t("wizard.invoiceDate")}
        description={t("wizard.invoiceDateHint")}
        value={order.invoiceDate}
        error={issue("invoiceDate")}
        onChange={(invoiceDate) => change({ invoiceDate })}
      />
      <Select
        label={t("wizard.zone")}
        searchable
        limit={50}
        allowDeselect={false}
        value={order.zone}
        error={issue("zone")}
        data={ZONES.includes(order.zone) ? ZONES : [order.zone, ...ZONES]}
        onChange={(zone) => change({ zone })}
      />
      <Autocomplete
        label={t("wizard.owner")}
        description={t("wizard.ownerHint")}
        withAsterisk
        maxLength={80}
        value={order.owner}
        error={issue("owner")}
        data={[...new Set(options.owners)]}
        onChange={(owner) => change({ owner })}
      />
      <TextInput
        label={t("wizard.activationKey")}
        description={t("wizard.activationKeyHint")}
        value={activationKey}
        error={issue("activationKey")}
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        onChange={(event) => onActivationKey(event.currentTarget.value)}
      />
    </SimpleGrid>
  );
}
