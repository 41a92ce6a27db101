import { Alert, Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { paths } from "../app/paths.ts";
import { VerdictList } from "../app/VerdictList.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Fact, FactList } from "../ui/FactList.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import type { ActedOn } from "./ActsMenu.tsx";

/** A customer's own certificate (R12): checked in full before anything is sent. */
export function CertificateDialog({ tenant, environment, onClose }: ActedOn & { readonly onClose: () => void }) {
  const { t, language } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [requestId] = useState(() => crypto.randomUUID());
  const [pem, setPem] = useState("");
  const check = useMutation(api.tenant.checkCertificate.mutationOptions());
  const install = useMutation(
    api.tenant.installCertificate.mutationOptions({
      onSuccess: ({ jobId }) => {
        onClose();
        navigate(paths.job(jobId));
      },
    }),
  );
  const target = { tenant: tenant.slug, environment: environment.kind };
  const found = check.data;
  return (
    <Dialog
      opened
      onClose={onClose}
      title={t("acts.title", {
        act: t("acts.installCertificate"),
        customer: tenant.customer,
        environment: t(`kind.${environment.kind}`),
      })}
    >
      <Stack gap="sm">
        <Textarea
          label={t("acts.pem")}
          description={t("acts.pemHint")}
          value={pem}
          onChange={(event) => {
            setPem(event.currentTarget.value);
            check.reset();
          }}
          autosize
          minRows={5}
          maxRows={10}
          autoComplete="off"
          spellCheck={false}
          styles={{ input: { fontFamily: "monospace", fontSize: 12 } }}
          data-autofocus
        />
        {found && (
          <>
            <FactList>
              <Fact label={t("acts.certificateNames")}>{found.names.join(", ")}</Fact>
              <Fact label={t("acts.certificateIssuer")}>{found.issuer}</Fact>
              <Fact label={t("acts.certificateUntil")}>
                <RelativeTime date={found.validTo} show="absolute" />
              </Fact>
            </FactList>
            {found.problems.length > 0 ? (
              <Alert color="red" role="alert">
                {found.problems.map((problem) => (
                  <Text key={problem} size="sm">
                    {sentenceWords(problem, language)}
                  </Text>
                ))}
              </Alert>
            ) : (
              found.allowed && (
                <Text size="sm" role="status">
                  {t("acts.certificateSound")}
                </Text>
              )
            )}
            <VerdictList verdicts={found.verdicts} overrides={{}} onOverride={() => {}} />
          </>
        )}
        {(check.error ?? install.error) && <Failure error={check.error ?? install.error!} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button
            variant="default"
            disabled={pem.length < 100}
            loading={check.isPending}
            onClick={() => check.mutate({ ...target, pem })}
          >
            {t("acts.check")}
          </Button>
          <Button
            disabled={!found?.allowed}
            loading={install.isPending}
            onClick={() => install.mutate({ requestId, ...target, pem })}
          >
            {t("acts.installCertificate")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
