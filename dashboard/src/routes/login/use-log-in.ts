// Logs in with a password, and handles the wait after too many wrong passwords.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, api } from "../../api/client";
import { handleLogin } from "../../api/session";
import { useWait } from "./use-wait";

export function useLogIn() {
  const queries = useQueryClient();
  const [failedAt, setFailedAt] = useState(0);
  const logIn = useMutation({
    mutationFn: (body: { email: string; password: string }) => answer(api.POST("/api/v1/access/login", { body })),
    onError: () => setFailedAt(Date.now()),
    onSuccess: (who) => handleLogin(queries, who),
  });
  /** The wait before the next attempt, in seconds. */
  const wait = useWait(logIn.error, failedAt);
  return { logIn, wait };
}
