import { SegmentedControl, Text, TextInput, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconSearch } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import type { ProfileNumber } from "../../shared/terms/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { type Translate, useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { type Column, DataTable, type Item } from "../ui/DataTable.tsx";
import { matching } from "./board-items.ts";
import { RuleMark } from "./RuleMark.tsx";
import classes from "./terms.module.css";

const textsOf = (row: ProfileNumber) => [row.path, row.value, row.rule, row.source, row.note ?? ""];

/** The numbers that bind, as they are: each with its rule, its source and the tenants that it does not bind. */
export function PolicyPage() {
  const { t } = useWords();
  const api = useApi();
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
    <Page title={t("screen.policy")} fill>
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
                </Text>
              </Tooltip>
            )}
          </div>
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
