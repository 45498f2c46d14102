//! Any bytes, cut where their first half says: the same property that the property tests check.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (cuts, bytes) = input;
    let cuts: Vec<usize> = cuts.into_iter().map(usize::from).collect();
    outrigger_resp::invariants::pieces_mean_the_same_as_the_whole(&bytes, &cuts);
});
