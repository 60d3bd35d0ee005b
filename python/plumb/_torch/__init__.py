# SPDX-License-Identifier: Apache-2.0
"""The part that needs torch."""
