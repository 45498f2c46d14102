// A guide with its table of contents. The URL contains the section.
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";
import { Link, useParams, useSearch } from "wouter";
import { guideNamed, guidePath, loadGuide, type Guide } from "../../guides";
import { PageHead } from "../../parts/page-head";
import { Quiet } from "../../parts/quiet";
import { moveTo, SectionIndex, type IndexedSection } from "../../parts/section-index";
import { NotFound } from "../../shell/not-found";
import { useUrlChange } from "../../shell/url-state";
import { anchorOf, GuideBody } from "./guide-body";

export function GuidePage() {
  const { name = "" } = useParams();
  const guide = guideNamed(name);
  return guide === undefined ? <NotFound /> : <Reader key={name} guide={guide} />;
}

function Reader({ guide }: { guide: Guide }) {
  const { data: blocks, error } = useQuery({
    queryKey: ["guide", guide.name],
    queryFn: () => loadGuide(guide.name),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const section = new URLSearchParams(useSearch()).get("section");
  const change = useUrlChange();
  const index = useMemo(
    () => guide.sections.map(({ id, title }) => ({ anchor: anchorOf(id), title, href: guidePath(guide.name, id), id })),
    [guide],
  );
  const loaded = blocks !== undefined;
  useEffect(() => {
    if (loaded && section !== null) {
      moveTo(anchorOf(section));
    }
  }, [loaded, section]);

  // Also if the URL already contains the section and the user has only scrolled away.
  const go = useCallback(
    ({ anchor }: IndexedSection) => {
      const chosen = index.find((candidate) => candidate.anchor === anchor);
      change({ section: chosen?.id ?? "" });
      moveTo(anchor);
    },
    [index, change],
  );
  // Let the error boundary handle it, as for a page whose file is missing.
  if (error) {
    throw error;
  }
  return (
    <>
      <PageHead title={guide.title} lead={<Link href="/guides">All guides</Link>} />
      {blocks === undefined ? (
        <Quiet />
      ) : index.length === 0 ? (
        <GuideBody blocks={blocks} />
      ) : (
        <SectionIndex label="Contents" sections={index} onGo={go}>
          <GuideBody blocks={blocks} />
        </SectionIndex>
      )}
    </>
  );
}
