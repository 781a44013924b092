"""Codes to diagnostics: use of the codebooks, collisions, neighbourhoods."""

from semtok.run.files import read_array, read_table, write_json
from semtok.run.jobs import job
from semtok.tokenizers.diagnostics import diagnose, map_tiles, of_repair

with job(snakemake):
    codes = read_array(snakemake.input.raw_codes)
    size = snakemake.params.codebook_size
    vectors = snakemake.input.get("vectors")
    items = read_table(snakemake.input.catalogue)
    found = diagnose(
        codes,
        codebook_sizes=[size] * codes.shape[1] if size else None,
        vectors=read_array(vectors) if vectors else None,
        categories=items.get("category"),
        tiles=map_tiles(items),
    )
    found |= of_repair(codes, read_array(snakemake.input.codes))
    write_json(snakemake.output[0], found)
