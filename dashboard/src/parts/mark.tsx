// The mark: an outrigger canoe seen from above. The hull represents the application, the float represents Outrigger.

export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 32 32" fill="none">
      <path
        d="M9 10.5c6 1.6 11 1.6 17 .5M9 21.5c6-1.6 11-1.6 17-.5"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
      />
      <path
        fill="currentColor"
        d="M9 1c3.4 4.6 4.6 9.4 4.6 15S12.4 26.4 9 31c-3.4-4.6-4.6-9.4-4.6-15S5.6 5.6 9 1Z"
      />
      <path
        fill="var(--float)"
        d="M26 7c1.7 2.7 2.4 5.6 2.4 9s-.7 6.3-2.4 9c-1.7-2.7-2.4-5.6-2.4-9s.7-6.3 2.4-9Z"
      />
    </svg>
  );
}
