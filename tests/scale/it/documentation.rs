//! The committed figures are the program's.

use acuse_scale::docs;

#[test]
fn the_page_and_the_plot_are_of_this_program() {
    for (path, text) in docs::with_figures(&docs::all_runs(docs::SEED)).unwrap() {
        let same = std::fs::read_to_string(&path).unwrap() == text;
        assert!(
            same,
            "{} is out of date: cargo run --release -p acuse-scale -- docs",
            path.display()
        );
    }
}
