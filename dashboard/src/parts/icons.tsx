// The icons, on a grid of 16 with a uniform stroke. Every use needs a text or a label.
import type { ReactNode } from "react";

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      aria-hidden="true"
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {children}
    </svg>
  );
}

const drawn = (path: string) => () => (
  <Icon>
    <path d={path} />
  </Icon>
);

export const HomeIcon = drawn("M2 8.500 8 3l6 5.500M4 7v6h8V7");
export const CacheIcon = drawn("M2.500 4.500 8 2l5.500 2.500L8 7 2.500 4.500Zm0 3.500L8 10.500 13.500 8m-11 3.500L8 14l5.500-2.500");
export const JobsIcon = drawn("M2.500 4h2m3 0h6m-11 4h2m3 0h6m-11 4h2m3 0h6");
export const AccessIcon = drawn("M8.800 7.200 14 2m-2.500 2.500 1.700 1.700M6 13.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7Z");
export const ConfigIcon = drawn("M2 4.500h7m3 0h2M2 11.500h2m3 0h7M10.500 6V3m-5 10v-3");
export const AccountIcon = drawn("M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm-5.500 6c.6-2.600 2.800-4 5.500-4s4.900 1.400 5.500 4");
export const SunIcon = drawn("M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm0-9.500v1m0 11v1M1.500 8h1m11 0h1M3.400 3.400l.7.7m7.800 7.800.7.7m0-9.200-.7.7m-7.800 7.800-.7.7");
export const MoonIcon = drawn("M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7Z");
export const SystemIcon = drawn("M2 3h12v8H2zM6 14h4m-2-3v3");
export const CopyIcon = drawn("M5.500 5.500h8v8h-8zm-2.500 5H2.500v-8h8V3");
export const CheckIcon = drawn("M3 8.500 6.500 12 13 4.500");
export const CrossIcon = drawn("m4 4 8 8m0-8-8 8");
export const PauseIcon = drawn("M5.500 3.500v9m5-9v9");
export const PlayIcon = drawn("M4.500 3v10L13 8 4.500 3Z");
export const SearchIcon = drawn("M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.700-1.300L14 14");
export const MenuIcon = drawn("M2 4h12M2 8h12M2 12h12");
export const TableIcon = drawn("M2 3h12v10H2zm0 3.500h12M6 3v10");
export const ChartIcon = drawn("M2 2.500v11h12M4.500 10l3-4 2.500 2.500L13.500 4");
export const WarningIcon = drawn("M8 2 1.500 13.500h13L8 2Zm0 4.500v3.500m0 1.800v.2");
export const NoticeIcon = drawn("M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-7v4m0-6.200V5");
export const LeaveIcon = drawn("M9.500 2.500h-7v11h7M6.500 8H14m-2.500-2.500L14 8l-2.500 2.500");
export const HelpIcon = drawn("M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6.300 6.400a1.700 1.700 0 1 1 2.600 1.500c-.6.400-.9.700-.9 1.400m0 1.900v.1");
export const ProblemsIcon = drawn("M3 13.500v-11h9l-2 3 2 3H3");
export const ServerIcon = drawn("M2.500 3h11v4h-11zm0 6h11v4h-11zM5 5h.1M5 11h.1");
export const BellIcon = drawn("M3 11.500h10c-1-1-1.500-2-1.500-4.500a3.500 3.500 0 0 0-7 0c0 2.500-.5 3.500-1.500 4.500ZM6.800 14h2.400");
export const ClockIcon = drawn("M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9v3.200l2.200 1.600");
export const PlugIcon = drawn("M5.500 2v3m5-3v3M3.500 5h9v2.500a4.500 4.500 0 0 1-9 0V5ZM8 12v2.500");
export const KeyboardIcon = drawn("M1.500 4h13v8h-13zM4 6.500h.1m2.500 0h.1m2.500 0h.1m2.500 0h.1M5 9.500h6");
export const BackIcon = drawn("M14 8H2.500m5-5-5 5 5 5");
export const MoreIcon = drawn("M3 7.700h.600v.600H3zm4.700 0h.600v.600h-.600zm4.700 0h.600v.600h-.600z");
export const DownloadIcon = drawn("M8 2v8.500m0 0L4.500 7M8 10.500 11.500 7M2.500 13.500h11");
export const FilterIcon = drawn("M2 3.500h12M4.500 8h7M6.500 12.500h3");
export const ChevronIcon = drawn("m4 6 4 4 4-4");
