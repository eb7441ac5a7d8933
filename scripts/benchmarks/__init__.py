"""The benchmarks: `bars` says what is asked, `world` makes a consortium of the real size, the rest measure."""
