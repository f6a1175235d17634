"""Making a form's file: 拍照合成 of a phone's pictures, 压缩到15M以内 of a large scan."""

from portal.blueprints.making import large_scans, photos

__all__ = ["large_scans", "photos"]
