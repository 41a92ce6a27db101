import { Button, FileInput, Group, SegmentedControl, Stack, Text, TextInput, Tooltip } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { IconDownload, IconPlus, IconSearch } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import type { ProfileNumber, ProfileView } from "../../shared/terms/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { type Translate, useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { fullDateTime, plainDate } from "../ui/format.ts";
import { type Column, DataTable, type Item } from "../ui/DataTable.tsx";
import { matching } from "../app/board-items.ts";
import { saveFile } from "../ui/save-file.ts";
import { RuleMark } from "./RuleMark.tsx";
import classes from "./terms.module.css";
import { numberWords } from "./words.ts";

const textsOf = (row: ProfileNumber) => [row.path, row.value, row.rule, row.source, row.note ?? ""];

/** The numbers that bind, as they are: each with its rule, its source and the tenants that it does not bind. */
export function PolicyPage() {
  const { t, language } = useWords();
  const [adding, setAdding] = useState(false);
  const api = useApi();
  const document = useMutation(
    api.terms.profileDocument.mutationOptions({
      onSuccess: ({ fileName, text }) => saveFile(fileName, text, "application/json"),
    }),
  );
  const profiles = useQuery(api.terms.profiles.queryOptions());
  const [chosen, setChosen] = useState<string>();
  const [filter, setFilter] = useState("");
  const profile = profiles.data?.find(({ id }) => id === chosen) ?? profiles.data?.[0];
  const columns = useMemo(() => columnsOf(t), [t]);
  const items = useMemo(
    () =>
      matching(profile?.numbers ?? [], filter, textsOf).map(
        (row): Item<ProfileNumber> => ({ type: "row", key: row.path, row }),
      ),
    [profile, filter],
  );
  return (
    <Page
      title={t("screen.policy")}
      actions={
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconDownload size={14} />}
            disabled={!profile}
            loading={document.isPending}
            onClick={() => profile && document.mutate({ profileId: profile.id })}
          >
            {t("terms.policy.save")}
          </Button>
          <Button size="xs" leftSection={<IconPlus size={14} />} onClick={() => setAdding(true)}>
            {t("terms.policy.add")}
          </Button>
        </Group>
      }
      fill
    >
      {document.error && <Failure error={document.error} />}
      <Dialog opened={adding} onClose={() => setAdding(false)} title={t("terms.policy.addTitle")}>
        <AddForm
          onDone={(id) => {
            setChosen(id);
            setAdding(false);
          }}
        />
      </Dialog>
      {profiles.error && !profiles.data ? (
        <Failure error={profiles.error} onRetry={() => void profiles.refetch()} />
      ) : (
        <>
          <div className={classes.toolbar}>
            <SegmentedControl
              size="xs"
              aria-label={t("terms.policy.profile")}
              value={profile?.id ?? ""}
              onChange={setChosen}
              data={(profiles.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
            />
            <TextInput
              size="xs"
              className={classes.filter ?? ""}
              aria-label={t("fleet.filter")}
              placeholder={t("terms.filterPlaceholder")}
              leftSection={<IconSearch size={14} />}
              value={filter}
              onChange={(event) => setFilter(event.currentTarget.value)}
              data-screen-filter
            />
            {profile && (
              <Tooltip
                label={profile.tenants.map(({ customer }) => customer).join(", ")}
                disabled={profile.tenants.length === 0}
                multiline
                maw={420}
                withArrow
              >
                <Text size="sm" c="dimmed" ml="auto">
                  {t("terms.profile", { name: profile.name, version: profile.version })} ·{" "}
                  {t("terms.policy.binds", { count: profile.tenants.length })}
                  {profile.added &&
                    ` · ${t("terms.policy.added", { by: profile.added.by, when: fullDateTime(profile.added.at, language) })}`}
                </Text>
              </Tooltip>
            )}
          </div>
          {profile && <Standing profile={profile} />}
          <DataTable
            label={t("terms.policy.table", { name: profile?.name ?? "" })}
            columns={columns}
            items={items}
            loading={profiles.isPending}
            empty={t("terms.boards.nothing")}
          />
        </>
      )}
    </Page>
  );
}

/** The exceptions of all tenants that the profile binds, in force or ahead. */
function Standing({ profile }: { readonly profile: ProfileView }) {
  const { t, language } = useWords();
  if (profile.exceptions.length === 0) return null;
  return (
    <section aria-label={t("terms.policy.exceptions")}>
      <Text size="xs" fw={600}>
        {t("terms.policy.exceptions")}
      </Text>
      {profile.exceptions.map((one) => (
        <Text size="xs" key={one.id}>
          {one.customer}: {one.rule}, {plainDate(one.from, language)} – {plainDate(one.until, language)} ({one.document}
          ) {numberWords(one.numbers).join("; ")}
        </Text>
      ))}
    </section>
  );
}

function AddForm({ onDone }: { readonly onDone: (profileId: string) => void }) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [broken, setBroken] = useState<Error>();
  const add = useMutation(
    api.terms.addProfile.mutationOptions({
      onSuccess: (added) => {
        void cache.invalidateQueries({ queryKey: api.terms.key() });
        onDone(added.id);
      },
    }),
  );
  const error = broken ?? add.error;
  return (
    <form
      onSubmit={async (event) => {
        event.preventDefault();
        if (!file) return;
        try {
          setBroken(undefined);
          add.mutate({ profile: JSON.parse(await file.text()) as Record<string, unknown> });
        } catch (cause) {
          setBroken(cause as Error);
        }
      }}
    >
      <Stack gap="sm">
        <Text size="sm">{t("terms.policy.addHint")}</Text>
        <FileInput
          label={t("terms.policy.file")}
          withAsterisk
          accept=".json"
          value={file}
          onChange={setFile}
          data-autofocus
        />
        {error && <Failure error={error} />}
        <Group justify="flex-end">
          <Button type="submit" disabled={!file} loading={add.isPending}>
            {t("terms.policy.add")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function columnsOf(t: Translate): Column<ProfileNumber>[] {
  return [
    { id: "path", header: t("terms.column.number"), width: 260, grow: 2, cell: (row) => row.path },
    {
      id: "value",
      header: t("terms.column.value"),
      width: 140,
      grow: 1.4,
      cell: (row) => <span title={row.value}>{row.value}</span>,
    },
    { id: "rule", header: t("terms.column.rule"), width: 140, cell: (row) => <RuleMark {...row} /> },
    {
      id: "excepted",
      header: t("terms.column.binds"),
      width: 120,
      cell: (row) =>
        row.excepted.length > 0 ? (
          <span title={row.excepted.join(", ")}>{row.excepted.join(", ")}</span>
        ) : (
          <span className={classes.faint}>{t("terms.policy.all")}</span>
        ),
    },
    {
      id: "note",
      header: t("ui.details"),
      width: 220,
      grow: 3,
      // Profiles are written in English, like their sources.
      cell: (row) =>
        row.note && (
          <span lang="en" title={row.note}>
            {row.note}
          </span>
        ),
    },
  ];
}
