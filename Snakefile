import gc
import os

from snakemake.utils import min_version

min_version("9.8")

# A graph of a thousand jobs is all in use: to look for garbage in it is a tenth of a dry run.
gc.set_threshold(100_000, 50, 50)


# The one beside this file, also where `snakemake --directory` works in another folder.
configfile: os.path.relpath(f"{workflow.current_basedir}/config/config.yaml")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/encoders.smk"
include: "workflow/rules/language_models.smk"
include: "workflow/rules/tokenizers.smk"
include: "workflow/rules/recommenders.smk"
include: "workflow/rules/scorers.smk"
include: "workflow/rules/papers.smk"
include: "workflow/rules/sharing.smk"


rule all:
    default_target: True
    input:
        EVERYTHING,
    localrule: True


DRIVER.prepare(EVERYTHING, PAPERS.verdicts(rules.claims.output.csv))


onsuccess:
    DRIVER.end()


onerror:
    DRIVER.fail()
