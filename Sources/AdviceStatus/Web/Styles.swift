/// The one style sheet of all pages. `prefers-color-scheme` chooses between light and dark; every pair of
/// colours has a contrast of at least 4.5 to 1 (WCAG 2.1 AA), which PageTests computes.
enum Styles {
    static let sheet = """
        :root { --paper: #ffffff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --wash: #f2f4f7;
          --link: #0550ae; --good: #116329; --warn: #7d4e00; --bad: #a40e26; }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #14171c; --ink: #e8eaed; --soft: #a5adb8; --line: #3b424c; --wash: #20252c;
            --link: #8ab8ff; --good: #6fdd8b; --warn: #f0b429; --bad: #ff9492; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--paper);
          color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
        h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.6rem 0; }
        h2 { font-size: 1.25rem; margin: 1.8rem 0 0.5rem; }
        h3 { font-size: 1.05rem; margin: 1.2rem 0 0.4rem; }
        a { color: var(--link); }
        a:focus-visible, summary:focus-visible, .scroll:focus-visible {
          outline: 3px solid var(--link); outline-offset: 2px; }
        nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; padding: 0;
          margin: 0.5rem 0; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        caption { text-align: left; color: var(--soft); padding: 0.2rem 0; }
        th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.6rem 0.35rem 0;
          border-bottom: 1px solid var(--line); }
        thead th { color: var(--soft); font-weight: 600; }
        .counts { max-width: 24rem; }
        .scroll { overflow-x: auto; }
        @media (min-width: 36.01rem) { .scroll table { min-width: 34rem; } }
        @media (max-width: 36rem) {
          .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
            clip-path: inset(50%); }
          .stack caption, .stack tbody, .stack tr, .stack th, .stack td { display: block; }
          .stack tr { border-bottom: 1px solid var(--line); padding: 0.5rem 0; }
          .stack th, .stack td { border: 0; padding: 0.1rem 0; }
          .stack td:empty { display: none; }
          .stack td[data-label] { position: relative; padding-left: 6.5rem; }
          .stack td[data-label]::before { content: attr(data-label); position: absolute; left: 0;
            color: var(--soft); font-weight: 400; }
          .stack td.mark { display: inline-block; padding: 1.2rem 0.15rem 0; }
          .stack td.mark::before { top: 0; width: 100%; text-align: center; font-size: 0.8rem; } }
        .soft, footer, time { color: var(--soft); }
        .good { color: var(--good); }
        .warn { color: var(--warn); }
        .bad { color: var(--bad); }
        .state { font-weight: 600; }
        @media (min-width: 36.01rem) {
          .grid th, .grid td { padding: 0.25rem 0.45rem; }
          .grid th:first-child { padding-left: 0; }
          .grid .mark { padding: 0.25rem 0.15rem; } }
        .grid .mark { text-align: center; min-width: 1.4rem; }
        .notice.bad { border-left-color: var(--bad); color: var(--ink); }
        .notice { border-left: 4px solid var(--line); background: var(--wash); padding: 0.5rem 0.8rem;
          margin: 1rem 0; }
        article { margin: 1.2rem 0; }
        article.today { border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.3rem 1rem 0.8rem; }
        details { border-bottom: 1px solid var(--line); padding: 0.4rem 0; }
        summary { cursor: pointer; }
        .month { max-width: 30rem; table-layout: fixed; }
        .month th, .month td { text-align: center; padding: 0.3rem 0.1rem; }
        .month td { height: 3.4rem; }
        .month .mark { display: block; font-size: 0.8rem; line-height: 1.2; }
        .month .now { background: var(--wash); outline: 2px solid var(--line); }
        code { background: var(--wash); padding: 0 0.2rem; }
        pre { overflow-x: auto; background: var(--wash); padding: 0.6rem; }
        footer { margin-top: 2.5rem; border-top: 1px solid var(--line); font-size: 0.9rem; }
        .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
          white-space: nowrap; }

        """

    static var response: Response {
        var response = Response("text/css; charset=utf-8", Array(sheet.utf8))
        response.isKept = true
        return response
    }
}
