// Shown for unknown URLs and for pages that the account cannot access.
import { Link } from "wouter";
import { PageHead } from "../parts/page-head";

export function NotFound() {
  return (
    <>
      <PageHead title="Page not found" lead="The page does not exist, or your account cannot access it." />
      <p>
        <Link href="/">Back to Home</Link>
      </p>
    </>
  );
}
