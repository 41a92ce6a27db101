import { Alert, Button, Group, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { HostKeyPrint, HostKeyReport } from "../../shared/terminal/host-keys.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Dialog } from "../ui/Dialog.tsx";

interface Props {
  readonly report: HostKeyReport;
  readonly offered: readonly HostKeyPrint[];
  readonly onClose: () => void;
  readonly onPinned: () => void;
}

/** Trusts a changed key: a reason, somebody or something else that saw the same key, and the tenant's name typed. */
export function RepinDialog({ report, offered, onClose, onPinned }: Props) {
  const { t } = useWords();
  const api = useApi();
  const [fingerprint, setFingerprint] = useState(offered[0]?.fingerprint ?? "");
  const [reason, setReason] = useState("");
  const [seenOn, setSeenOn] = useState<string>("console");
  const [name, setName] = useState("");
  const [typed, setTyped] = useState("");
  const repin = useMutation(api.terminal.repinHostKey.mutationOptions({ onSuccess: onPinned }));
  const ready =
    reason.trim().length >= 10 && typed === report.tenantSlug && (seenOn === "console" || name.trim().length >= 2);
  return (
    <Dialog opened onClose={onClose} size="lg" title={t("hostKeys.repin")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!ready) return;
          repin.mutate({
            environmentId: report.environmentId,
            fingerprint,
            reason,
            secondLook: seenOn === "console" ? { kind: "console" } : { kind: "operator", name },
            confirm: typed,
          });
        }}
      >
        <Stack gap="sm">
          <Alert color="red">{t("hostKeys.repinWarning")}</Alert>
          <Radio.Group label={t("hostKeys.newKey")} value={fingerprint} onChange={setFingerprint}>
            <Stack gap={4} mt={4}>
              {offered.map((key) => (
                <Radio
                  key={key.fingerprint}
                  value={key.fingerprint}
                  label={
                    <Text size="sm" ff="monospace" component="span" style={{ overflowWrap: "anywhere" }}>
                      {key.algorithm} {key.fingerprint}
                    </Text>
                  }
                />
              ))}
            </Stack>
          </Radio.Group>
          <TextInput
            label={t("hostKeys.reason")}
            description={t("hostKeys.reasonHint")}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            minLength={10}
            maxLength={500}
            required
            data-autofocus
          />
          <Radio.Group label={t("hostKeys.secondLook")} value={seenOn} onChange={setSeenOn}>
            <Stack gap={4} mt={4}>
              <Radio value="console" label={t("hostKeys.secondLookConsole")} />
              <Radio value="operator" label={t("hostKeys.secondLookOperator")} />
            </Stack>
          </Radio.Group>
          {seenOn === "operator" && (
            <TextInput
              label={t("hostKeys.secondName")}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              maxLength={80}
              required
            />
          )}
          <TextInput
            label={t("ui.typeToConfirm", { word: report.tenantSlug })}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
          />
          {repin.error && <Failure error={repin.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("ui.cancel")}
            </Button>
            <Button type="submit" color="red" disabled={!ready} loading={repin.isPending}>
              {t("hostKeys.pin")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
