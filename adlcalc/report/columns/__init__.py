"""What every result tells, each fact once: JSON, CSV and its header, the page's tables, the fields of
`expect:` and the published schema of the outputs all come from here, a file a document. To show a new number,
add one Field (and what it is got from).

Keys are a contract: they are added, never renamed or taken away. Fields stand in the order of the JSON."""
