import { ActionIcon, Anchor, Button, FileButton, Group, Menu, Switch, Text, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { IconDots, IconFile, IconFolder, IconFolderPlus, IconLink, IconRefresh, IconUpload } from "@tabler/icons-react";
import { type DragEvent, useMemo, useState } from "react";
import { errorFacts } from "../../shared/errors.ts";
import type { FileSession, RemoteEntry } from "../../shared/terminal/files.ts";
import { useApi } from "../app/api.ts";
import { KindBadge } from "../app/badges.tsx";
import { byteLine } from "../app/bytes.ts";
import { Failure, failureWords } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { saveFile } from "../ui/save-file.ts";
import { ConfirmTyped } from "../ui/ConfirmTyped.tsx";
import { type Column, DataTable, type Sort } from "../ui/DataTable.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { bytes } from "../ui/format.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { FileNameDialog } from "./FileNameDialog.tsx";
import { arranged, crumbs, join, modeWords } from "./file-view.ts";
import classes from "./terminal.module.css";
import { TransferList } from "./TransferList.tsx";
import { type TransferCalls, transfers } from "./transfers.ts";
import { plain } from "./words.ts";

const ICONS = { file: IconFile, folder: IconFolder, link: IconLink, other: IconFile };
type Asking =
  | { readonly what: "makeFolder" }
  | { readonly what: "rename" | "remove"; readonly entry: RemoteEntry }
  | { readonly what: "overwrite"; readonly file: File };

/** Files of one host beside its terminal: look, carry up and down, rename, remove. */
export function FilesPanel({ session }: { readonly session: FileSession }) {
  const { t, language } = useWords();
  const api = useApi();
  const { sessionId } = session;
  const [folder, setFolder] = useState(session.home);
  const [sort, setSort] = useState<Sort>({ column: "name", descending: false });
  const [hidden, setHidden] = useState(false);
  const [over, setOver] = useState(false);
  const [asking, setAsking] = useState<Asking>();
  const list = useQuery(
    api.terminal.files.list.queryOptions({ input: { sessionId, path: folder }, placeholderData: keepPreviousData }),
  );
  const done = { onSuccess: () => setAsking(undefined), retry: false } as const;
  const makeFolder = useMutation(api.terminal.files.makeFolder.mutationOptions(done));
  const rename = useMutation(api.terminal.files.rename.mutationOptions(done));
  const remove = useMutation(api.terminal.files.remove.mutationOptions(done));
  const where = `${session.customer}, ${t(`kind.${session.kind}`)}`;
  const here = list.data?.path ?? folder;
  const calls = useMemo(
    (): TransferCalls => ({
      line: byteLine,
      upload: (order) => api.terminal.files.upload.call(order),
      download: (order) => api.terminal.files.download.call(order),
      cancel: (transferId) => api.terminal.files.cancel.call({ transferId }),
    }),
    [api],
  );

  function tell(error: unknown) {
    notifications.show({ message: failureWords(t, error, language), color: "red" });
  }

  function upload(file: File, overwrite = false) {
    transfers.upload(calls, sessionId, here, file, overwrite).catch((error: unknown) => {
      if (errorFacts(error).details["exists"] === true) setAsking({ what: "overwrite", file });
      else tell(error);
    });
  }

  function download(entry: RemoteEntry) {
    const parts: Blob[] = [];
    transfers
      .download(calls, sessionId, join(here, entry.name), entry.name, {
        // A blob's bytes are kept by the browser, on disk where there are many.
        write: (part) => void parts.push(new Blob([part])),
        save: () => saveFile(entry.name, new Blob(parts)),
      })
      .catch(tell);
  }

  function open(entry: RemoteEntry) {
    if (entry.kind === "file") download(entry);
    else setFolder(join(here, entry.name));
  }

  const entries = list.data?.entries;
  const items = useMemo(
    () => arranged(entries ?? [], sort, hidden).map((row) => ({ type: "row" as const, key: row.name, row })),
    [entries, sort, hidden],
  );
  const columns: Column<RemoteEntry>[] = [
    {
      id: "name",
      header: t("files.column.name"),
      width: 140,
      grow: 3,
      sortable: true,
      cell: (entry) => <Name entry={entry} />,
    },
    {
      id: "size",
      header: t("files.column.size"),
      width: 76,
      align: "right",
      sortable: true,
      cell: (entry) => (entry.kind === "file" ? bytes(entry.size, language) : ""),
    },
    {
      id: "modified",
      header: t("files.column.modified"),
      width: 108,
      sortable: true,
      cell: (entry) => <RelativeTime date={entry.modifiedAt} />,
    },
    {
      id: "mode",
      header: t("files.column.mode"),
      width: 88,
      cell: (entry) => (
        <span className={classes.mode} title={entry.owner ?? undefined}>
          {modeWords(entry.mode)}
        </span>
      ),
    },
    {
      id: "acts",
      header: t("files.column.act"),
      width: 52,
      grow: 0.01,
      cell: (entry) => (
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={t("files.actsOf", { name: plain(entry.name) })}
            >
              <IconDots size={14} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {entry.kind === "file" && <Menu.Item onClick={() => download(entry)}>{t("files.download")}</Menu.Item>}
            <Menu.Item onClick={() => setAsking({ what: "rename", entry })}>{t("files.rename")}</Menu.Item>
            <Menu.Item color="red" onClick={() => setAsking({ what: "remove", entry })}>
              {t("files.remove")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ),
    },
  ];

  const drag = {
    onDragOver(event: DragEvent) {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop(event: DragEvent) {
      event.preventDefault();
      setOver(false);
      for (const file of event.dataTransfer.files) upload(file);
    },
  };

  return (
    <section
      className={classes.pane}
      data-kind={session.kind}
      data-over={over || undefined}
      aria-label={t("files.of", { where })}
      {...drag}
      onKeyDown={(event) => {
        // As in file managers: one folder up, from the list.
        if (event.key !== "Backspace" || !(event.target instanceof Element) || event.target.matches("input")) return;
        if (!event.currentTarget.contains(event.target)) return;
        event.preventDefault();
        setFolder(crumbs(here, session.home).at(-2)?.path ?? "/");
      }}
    >
      <header className={classes.paneHead}>
        <KindBadge kind={session.kind} />
        <Text size="sm" fw={600} className={classes.customer ?? ""} title={session.customer}>
          {session.customer}
        </Text>
        <Text size="xs" c="dimmed" truncate className={classes.reason ?? ""} title={session.host}>
          {t("files.title")} · {session.host}
        </Text>
      </header>
      <Group gap={6} px={8} py={4} wrap="wrap">
        <FileButton multiple onChange={(files) => files.forEach((file) => upload(file))}>
          {(button) => (
            <Button {...button} size="compact-xs" leftSection={<IconUpload size={14} aria-hidden />}>
              {t("files.upload")}
            </Button>
          )}
        </FileButton>
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconFolderPlus size={14} aria-hidden />}
          onClick={() => setAsking({ what: "makeFolder" })}
        >
          {t("files.makeFolder")}
        </Button>
        <Switch
          size="xs"
          label={t("files.hidden")}
          checked={hidden}
          onChange={(event) => setHidden(event.currentTarget.checked)}
        />
        <Tooltip label={t("files.refresh")} withArrow>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            ml="auto"
            aria-label={t("files.refresh")}
            loading={list.isFetching}
            onClick={() => void list.refetch()}
          >
            <IconRefresh size={16} />
          </ActionIcon>
        </Tooltip>
      </Group>
      <nav aria-label={t("files.path")} className={classes.crumbs}>
        {crumbs(here, session.home).map(({ name, path }) => (
          <Anchor
            key={path}
            component="button"
            type="button"
            size="sm"
            title={plain(path)}
            onClick={() => setFolder(path)}
          >
            {plain(name)}
          </Anchor>
        ))}
      </nav>
      {list.error ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <div className={classes.history}>
          <DataTable
            label={t("files.of", { where })}
            columns={columns}
            items={items}
            loading={list.isPending}
            empty={<EmptyState title={t("files.empty")} hint={t("files.emptyHint")} />}
            sort={sort}
            onSort={(column) => setSort({ column, descending: sort.column === column ? !sort.descending : false })}
            onOpen={open}
          />
        </div>
      )}
      <TransferList sessionId={sessionId} calls={calls} />
      {asking?.what === "makeFolder" && (
        <FileNameDialog
          title={t("files.makeFolder")}
          name=""
          busy={makeFolder.isPending}
          error={makeFolder.error}
          onName={(name) => makeFolder.mutate({ sessionId, folder: here, name })}
          onClose={() => setAsking(undefined)}
        />
      )}
      {asking?.what === "rename" && (
        <FileNameDialog
          title={t("files.renameOf", { name: plain(asking.entry.name) })}
          name={asking.entry.name}
          busy={rename.isPending}
          error={rename.error}
          onName={(name) => rename.mutate({ sessionId, path: join(here, asking.entry.name), name })}
          onClose={() => setAsking(undefined)}
        />
      )}
      {asking?.what === "remove" && (
        <ConfirmTyped
          opened
          title={t("files.removeOf", { name: plain(asking.entry.name) })}
          body={t("files.removeBody", { path: plain(join(here, asking.entry.name)), where })}
          word={asking.entry.name}
          action={t("files.remove")}
          busy={remove.isPending}
          onConfirm={(confirm) => remove.mutate({ sessionId, path: join(here, asking.entry.name), confirm })}
          onClose={() => setAsking(undefined)}
        >
          {remove.error && <Failure error={remove.error} />}
        </ConfirmTyped>
      )}
      {asking?.what === "overwrite" && (
        <Dialog opened onClose={() => setAsking(undefined)} title={t("files.overwriteOf", { name: asking.file.name })}>
          <Text size="sm" mb="sm">
            {t("files.overwriteBody", { path: plain(join(here, asking.file.name)), where })}
          </Text>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={() => setAsking(undefined)} data-autofocus>
              {t("ui.cancel")}
            </Button>
            <Button
              color="red"
              onClick={() => {
                setAsking(undefined);
                upload(asking.file, true);
              }}
            >
              {t("files.overwrite")}
            </Button>
          </Group>
        </Dialog>
      )}
    </section>
  );
}

function Name({ entry }: { readonly entry: RemoteEntry }) {
  const Icon = ICONS[entry.kind];
  return (
    <span className={classes.fileName} title={plain(entry.name)}>
      <Icon size={15} aria-hidden /> {plain(entry.name)}
    </span>
  );
}
