import { Button, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type ReactNode, useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Service } from "../../shared/tenant/model.ts";
import { type Column, DataTable } from "../ui/DataTable.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import classes from "./Board.module.css";
import { byService, matching } from "./board-items.ts";
import { useWords } from "./i18n/index.ts";
import { paths } from "./paths.ts";

interface Props<Row> {
  readonly label: string;
  readonly rows: readonly Row[] | undefined;
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  readonly textsOf: (row: Row) => readonly string[];
  readonly shown: (shown: number, total: number) => string;
  readonly emptyTitle: string;
  /** Where Enter on a row leads. */
  readonly pathOf: (row: Row) => string;
  /** Further filters beside the text. */
  readonly children?: ReactNode;
}

/** A list over all tenants, grouped by service in the order of urgency, with a filter. */
export function Board<Row extends { readonly service: Service }>(props: Props<Row>) {
  const { label, rows, columns, keyOf, textsOf, shown, emptyTitle, pathOf, children } = props;
  const { t } = useWords();
  const [, navigate] = useLocation();
  const [filter, setFilter] = useState("");
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const kept = useMemo(() => matching(rows ?? [], filter, textsOf), [rows, filter, textsOf]);
  const items = useMemo(() => byService(kept, keyOf, (one) => t(`service.${one}`), folded), [kept, keyOf, folded, t]);
  const toggle = (key: string) => {
    const next = new Set(folded);
    if (!next.delete(key)) next.add(key);
    setFolded(next);
  };
  return (
    <>
      <div className={classes.toolbar}>
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
        {children}
        <Text size="sm" c="dimmed" ml="auto" aria-live="polite">
          {rows && shown(kept.length, rows.length)}
        </Text>
      </div>
      <DataTable
        label={label}
        columns={columns}
        items={items}
        loading={rows === undefined}
        onOpen={(row) => navigate(pathOf(row))}
        onToggleGroup={toggle}
        empty={
          rows?.length ? (
            <EmptyState title={t("terms.boards.nothing")}>
              <Button size="xs" variant="default" onClick={() => setFilter("")}>
                {t("ui.clear")}
              </Button>
            </EmptyState>
          ) : (
            <EmptyState title={emptyTitle} hint={t("terms.boards.emptyHint")}>
              <Button component={Link} href={paths.fleet} size="xs">
                {t("app.toFleet")}
              </Button>
            </EmptyState>
          )
        }
      />
    </>
  );
}

/** The customer's name, leading where Enter on its row does. */
export function BoardLink({ path, customer }: { readonly path: string; readonly customer: string }) {
  return (
    // The table is one stop for the keyboard: Enter on the row does what the link does.
    <Link href={path} tabIndex={-1} className={classes.link ?? ""} title={customer}>
      {customer}
    </Link>
  );
}
