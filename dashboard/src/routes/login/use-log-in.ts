// Signing in with a password: the request, and the wait that too many wrong ones bring.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../../api/client";
import { welcome } from "../../api/session";
import { useWait } from "./use-wait";

export function useLogIn() {
  const queries = useQueryClient();
  const [failedAt, setFailedAt] = useState(0);
  const logIn = useMutation({
    mutationFn: (body: { email: string; password: string }) => answer(api.POST("/api/v1/access/login", { body })),
    onError: () => setFailedAt(Date.now()),
    onSuccess: (who) => welcome(queries, who),
  });
  /** The seconds to wait before the next attempt. */
  const wait = useWait(logIn.error, failedAt);
  return { logIn, wait };
}
