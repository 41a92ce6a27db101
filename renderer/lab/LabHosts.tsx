import { useMemo } from "react";
import type { LabHost } from "../../shared/lab/model.ts";
import { hasWords, type Translate, useWords } from "../app/i18n/index.ts";
import { type Column, DataTable, type Item } from "../ui/DataTable.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { bytes, count } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";

const TONES: Readonly<Record<LabHost["processes"], Tone>> = {
  off: "unknown",
  asleep: "idle",
  starting: "busy",
  awake: "good",
  failed: "bad",
};

/** EC2's name of a state in words; one that the window does not know shows as it is. */
function stateWords(t: Translate, state: string): string {
  const key = `state.${state}`;
  return hasWords(key) ? t(key) : state;
}

/** The real local hosts behind the lab's instances. */
export function LabHosts({ hosts }: { readonly hosts: readonly LabHost[] }) {
  const { t, language } = useWords();
  const columns = useMemo(
    (): Column<LabHost>[] => [
      { id: "name", header: t("lab.host.name"), width: 180, grow: 2, cell: (host) => host.name },
      { id: "instance", header: t("lab.host.instance"), width: 170, cell: (host) => host.instanceId },
      { id: "region", header: t("lab.host.region"), width: 110, cell: (host) => host.region },
      { id: "address", header: t("lab.host.address"), width: 110, cell: (host) => host.address },
      { id: "state", header: t("lab.host.state"), width: 110, cell: (host) => stateWords(t, host.state) },
      {
        id: "processes",
        header: t("lab.host.processes"),
        width: 110,
        cell: (host) => <StateBadge tone={TONES[host.processes]} label={t(`lab.processes.${host.processes}`)} />,
      },
      {
        id: "memory",
        header: t("lab.host.memory"),
        width: 90,
        align: "right",
        cell: (host) => (host.memoryBytes === null ? "–" : bytes(host.memoryBytes, language)),
      },
      {
        id: "orders",
        header: t("lab.host.orders"),
        width: 90,
        align: "right",
        cell: (host) => count(host.ordersWritten, language),
      },
    ],
    [t, language],
  );
  const items = useMemo(
    () => hosts.map((host): Item<LabHost> => ({ type: "row", key: host.instanceId, row: host })),
    [hosts],
  );
  return (
    <Panel title={t("lab.hosts")}>
      <DataTable
        label={t("lab.hosts")}
        columns={columns}
        items={items}
        atMost={480}
        empty={<EmptyState title={t("lab.hosts.empty")} hint={t("lab.hosts.emptyHint")} />}
      />
    </Panel>
  );
}
