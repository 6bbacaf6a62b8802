// SPDX-License-Identifier: Apache-2.0

/// The files that the page loads.
enum Assets {
    /// `style.css`
    static let style = Array(
        """
        :root {
          color-scheme: light dark;
          --ground: #ffffff; --raised: #f5f6f8; --line: #dfe3e8; --text: #1c2430; --soft: #5a6675; --accent: #0b5cad;
          --mono: ui-monospace, "SFMono-Regular", "DejaVu Sans Mono", Menlo, Consolas, monospace;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #14181d; --raised: #1c2229; --line: #303944; --text: #e3e8ee; --soft: #9aa7b5; --accent: #7db8f5;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; padding: 0 1.5rem 2rem; max-width: 84rem; background: var(--ground); color: var(--text);
          font: 15px/1.5 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif;
        }
        a { color: var(--accent); text-decoration: none; }
        a:hover { text-decoration: underline; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        code { font-family: var(--mono); font-size: .87em; }
        header {
          display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: end; justify-content: space-between;
          padding: 1.6rem 0 1.1rem; border-bottom: 1px solid var(--line);
        }
        h1 { margin: 0; font-size: 1.6rem; line-height: 1.2; letter-spacing: -.01em; }
        h1 a { color: inherit; }
        header p { margin: .25rem 0 0; color: var(--soft); overflow-wrap: anywhere; }
        form { display: flex; gap: .5rem; align-items: center; flex: 0 1 28rem; }
        label { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        input[type=search], button {
          font: inherit; color: inherit; border: 1px solid var(--line); border-radius: 6px; padding: .45rem .8rem;
          background: var(--ground);
        }
        input[type=search] { flex: 1; min-width: 0; }
        button { background: var(--raised); cursor: pointer; }
        button:hover { border-color: var(--accent); }
        .columns { display: flex; gap: 2rem; align-items: start; }
        nav h2 {
          margin: 0 0 .4rem; font-size: .75rem; font-weight: 600; text-transform: uppercase; letter-spacing: .06em;
          color: var(--soft);
        }
        .columns > nav { flex: 0 0 11rem; padding-top: 1.2rem; }
        nav ul { list-style: none; margin: 0; padding: 0; }
        nav li a {
          display: flex; justify-content: space-between; align-items: baseline; gap: .8rem; padding: .25rem .6rem; margin-left: -.6rem;
          border-radius: 6px; color: var(--text); overflow-wrap: anywhere;
        }
        nav li a:hover { background: var(--raised); text-decoration: none; }
        nav li a[aria-current] { background: var(--raised); color: var(--accent); font-weight: 600; }
        nav small { color: var(--soft); font-weight: 400; }
        main { flex: 1; min-width: 0; }
        .count { margin: 1.2rem 0 .8rem; color: var(--soft); }
        .count strong { color: var(--text); }
        .scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
        table { border-collapse: collapse; width: 100%; }
        th, td { padding: .42rem .9rem; text-align: left; white-space: nowrap; vertical-align: middle; }
        thead th { font-size: .8rem; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--line); }
        tbody th { font-weight: 400; }
        tbody tr + tr > * { border-top: 1px solid var(--line); }
        tbody tr:not(.element):hover { background: color-mix(in srgb, var(--raised) 60%, transparent); }
        .element th { background: var(--raised); border-top: 1px solid var(--line); padding-top: .5rem; padding-bottom: .5rem; }
        tbody:first-of-type .element th { border-top: 0; }
        .element span { color: var(--soft); }
        .element span::after { content: " /"; }
        .element b { font-weight: 600; }
        .number { text-align: right; font-variant-numeric: tabular-nums; }
        td time { color: var(--soft); }
        tbody th code { display: block; max-width: 14rem; overflow: hidden; text-overflow: ellipsis; }
        .command { width: 100%; max-width: 0; position: relative; }
        .command code {
          display: block; overflow: hidden; text-overflow: ellipsis; color: var(--soft); user-select: all;
        }
        .copy { display: none; position: absolute; right: .6rem; top: 50%; transform: translateY(-50%); padding: .1rem .6rem; font-size: .8rem; }
        .scripted .command code { padding-right: 4rem; }
        .scripted .copy { display: block; }
        .pages { display: flex; justify-content: space-between; gap: 1rem; padding: .9rem .2rem; color: var(--soft); }
        .pages > span:not(:nth-child(2)) { opacity: .45; }
        footer { margin-top: 2rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .87rem; }
        footer p { margin: .3rem 0; max-width: 60rem; }
        pre { margin: .5rem 0; padding: .7rem .9rem; background: var(--raised); border-radius: 6px; overflow-x: auto; }
        .fingerprint { overflow-wrap: anywhere; }
        @media (max-width: 48rem) {
          body { padding: 0 .9rem 1.5rem; }
          form { flex: 1 1 100%; }
          .columns { display: block; }
          .columns > nav ul { display: flex; flex-wrap: wrap; gap: .2rem .4rem; }
          nav li a { margin-left: 0; }
          .command { max-width: none; min-width: 18rem; }
        }

        """.utf8)

    /// `search.js`: search results while typing, and buttons that copy commands.
    static let script = Array(
        """
        "use strict";
        document.documentElement.classList.add("scripted");

        const field = document.getElementById("q");
        let timer, running;

        async function search() {
          running?.abort();
          running = new AbortController();
          const fields = new URLSearchParams(new FormData(field.form));
          if (!fields.get("q")) fields.delete("q");
          const address = fields.size ? "?" + fields : ".";
          try {
            const response = await fetch(address, { signal: running.signal });
            if (!response.ok) return;
            const page = new DOMParser().parseFromString(await response.text(), "text/html");
            document.getElementById("results").replaceWith(page.getElementById("results"));
            history.replaceState(null, "", address);
          } catch (error) {
            if (error.name !== "AbortError") field.form.submit();
          }
        }

        field.addEventListener("input", () => {
          clearTimeout(timer);
          timer = setTimeout(search, 120);
        });

        document.addEventListener("click", async (event) => {
          if (!event.target.matches(".copy")) return;
          const button = event.target, command = button.previousElementSibling;
          try {
            await navigator.clipboard.writeText(command.textContent);
            button.textContent = "Copied";
          } catch {
            // Without HTTPS there is no clipboard: select the text instead.
            getSelection().selectAllChildren(command);
            button.textContent = "Selected";
          }
          setTimeout(() => { button.textContent = "Copy"; }, 1500);
        });

        """.utf8)
}
